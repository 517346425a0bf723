// Going round.
#include "runtime/host/loop.h"

namespace skiff::host {

void Job::forget() {
  if (!loop_) return;
  // Either list may have it.
  for (std::vector<Job*>* list : {&loop_->jobs_, &loop_->doing_})
    if (position_ < list->size() && (*list)[position_] == this) (*list)[position_] = nullptr;
  loop_ = nullptr;
}

Result<std::unique_ptr<Loop>> Loop::create(uint64_t stack_size, SliceWatch* watch) {
  auto reactor = wasi::Reactor::create();
  if (!reactor) return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, "no event loop can be made here");
  return std::unique_ptr<Loop>(new Loop(std::move(*reactor), stack_size, watch));
}

void Loop::later(Job& job) {
  if (job.loop_) return;
  job.loop_ = this;
  job.position_ = jobs_.size();
  jobs_.push_back(&job);
}

void Loop::post(std::function<void()> what) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(what));
    has_posted_ = true;
  }
  reactor_->wake();
}

void Loop::stop() {
  post([this] { stopping_ = true; });
}

void Loop::do_posted() {
  std::vector<std::function<void()>> posted;
  {
    const std::lock_guard lock(mutex_);
    if (!has_posted_) return;
    posted.swap(posted_);
    has_posted_ = false;
  }
  for (const auto& what : posted) what();
}

void Loop::do_jobs() {
  while (!jobs_.empty()) {
    doing_.swap(jobs_);
    for (size_t i = 0; i < doing_.size(); ++i) {
      Job* job = doing_[i];
      if (!job) continue;
      doing_[i] = nullptr;
      job->loop_ = nullptr;
      job->act();
    }
    doing_.clear();
  }
}

void Loop::run() {
  while (!stopping_) {
    const bool busy = fibers_.has_ready() || !jobs_.empty();
    (void)reactor_->turn(busy ? std::optional<uint64_t>(0) : std::nullopt);
    do_posted();
    do_jobs();
    fibers_.run();
    do_jobs();
  }
}

}  // namespace skiff::host
