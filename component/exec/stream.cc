// Streams and futures.
#include "component/exec/stream.h"

#include <algorithm>
#include <set>

#include "component/abi/bits.h"
#include "component/abi/shape.h"
#include "component/exec/host_stream.h"
#include "component/exec/store.h"
#include "engine/base/check.h"

namespace skiff::component {

// ---- buffers

bool GuestBuffer::set(uint64_t ptr, uint64_t count) {
  if (count > kMaxLength) return cx_.trap(CmTrap::CopyTooLong);
  length = static_cast<uint32_t>(count);
  if (!element_ || count == 0) return true;
  const uint64_t size = element_size();
  // Sizes are below 2^28, so the product does not overflow.
  at_ = cx_.checked(ptr, count * size, cx_.types.facts(*element_).align[cx_.options.wide], CmTrap::UnalignedPointer,
                    CmTrap::BufferOutOfBounds);
  return at_ != nullptr;
}

void GuestBuffer::skip(uint32_t n) {
  if (at_) at_ += n * element_size();
  progress += n;
}

uint8_t* GuestBuffer::raw() {
  return element_ && element_->is_primitive() && is_number(element_->primitive()) ? at_ : nullptr;
}

bool GuestBuffer::read(uint32_t n, Val& list) {
  SKIFF_DCHECK(n <= remain());
  if (!element_) list = Val::of_list(std::vector<Val>(n));
  else if (!load_list(cx_, at_, n, *element_, list)) return false;
  skip(n);
  return true;
}

bool GuestBuffer::write(const Val& list) {
  const auto n = static_cast<uint32_t>(list.length());
  SKIFF_DCHECK(n <= remain());
  if (element_ && !store_list(cx_, list, 0, n, *element_, at_)) return false;
  skip(n);
  return true;
}

bool HostBuffer::read(uint32_t n, Val& list) {
  const auto first = values_.begin() + progress;
  list = Val::of_list({std::make_move_iterator(first), std::make_move_iterator(first + n)});
  progress += n;
  return true;
}

bool HostBuffer::write(const Val& list) {
  const size_t n = list.length();
  for (size_t i = 0; i < n; ++i) values_.push_back(list.element_at(i));
  progress += static_cast<uint32_t>(n);
  return true;
}

// ---- what both ends share

void SharedCopy::notify_pending(CopyResult result) {
  CopyClient* client = pending_.client;
  SKIFF_CHECK(client);
  reset_pending();
  client->on_copy_done(result);
}

SharedCopy::~SharedCopy() {
  detach(writer_);
  detach(reader_);
}

void SharedCopy::detach(const std::shared_ptr<HostEnd>& end) {
  if (end) end->shared_ = nullptr;
}

void SharedCopy::attach_writer(std::shared_ptr<HostEnd> writer) {
  writer_ = std::move(writer);
  writer_->shared_ = this;
}

void SharedCopy::attach_reader(std::shared_ptr<HostEnd> reader) {
  detach(reader_);
  reader_ = std::move(reader);
  reader_->shared_ = this;
}

void SharedCopy::drop() {
  if (dropped_) return;
  dropped_ = true;
  const std::shared_ptr<HostEnd> writer = writer_, reader = reader_;
  if (pending_.buffer) notify_pending(CopyResult::Dropped);
  if (writer) writer->on_dropped();
  if (reader) reader->on_dropped();
}

// A restriction of the specification for now: values other than numbers do not go back to where they come from.
bool SharedCopy::check_other(const ComponentInstance* inst) {
  if (!inst || inst != pending_.inst || none_or_number()) return true;
  return store_.trap(stream_ ? CmTrap::StreamSameInstance : CmTrap::FutureSameInstance);
}

bool SharedCopy::copy(Buffer& to, Buffer& from, uint32_t n) {
  uint8_t* target = to.raw();
  const uint8_t* source = from.raw();
  if (target && source) {
    const Primitive element = element_->primitive();
    const size_t size = size_t{n} * size_of(element);
    std::memmove(target, source, size);
    canonicalize_nans(element, {target, size});
    from.skip(n);
    to.skip(n);
    return true;
  }
  if (!element_) {
    from.skip(n);
    to.skip(n);
    return true;
  }
  Val list;
  return from.read(n, list) && to.write(list);
}

bool SharedCopy::read_stream(Buffer& to, CopyClient& client) {
  if (pending_.buffer->remain() == 0) {
    const Pending mine{nullptr, &to, &client};
    notify_pending(CopyResult::Completed);
    pending_ = mine;
    return true;
  }
  if (to.remain() > 0) {
    if (!copy(to, *pending_.buffer, std::min(to.remain(), pending_.buffer->remain()))) return false;
    pending_.client->on_copy();
  }
  client.on_copy_done(CopyResult::Completed);
  return true;
}

bool SharedCopy::read(const ComponentInstance* inst, Buffer& to, CopyClient& client) {
  if (dropped_) {
    client.on_copy_done(CopyResult::Dropped);
    return true;
  }
  if (!pending_.buffer) {
    pending_ = {inst, &to, &client};
    const std::shared_ptr<HostEnd> writer = writer_;
    return !writer || writer->on_offer();
  }
  if (!check_other(inst)) return false;
  if (stream_) {
    if (!read_stream(to, client)) return false;
    if (pending_.buffer == &to) pending_.inst = inst;
    return true;
  }
  if (!copy(to, *pending_.buffer, 1)) return false;
  notify_pending(CopyResult::Completed);
  client.on_copy_done(CopyResult::Completed);
  return true;
}

bool SharedCopy::write_stream(Buffer& from, CopyClient& client) {
  Buffer& to = *pending_.buffer;
  if (to.remain() > 0) {
    if (from.remain() > 0) {
      if (!copy(to, from, std::min(from.remain(), to.remain()))) return false;
      pending_.client->on_copy();
    }
    client.on_copy_done(CopyResult::Completed);
  } else if (from.is_zero_length() && to.is_zero_length()) {
    client.on_copy_done(CopyResult::Completed);
  } else {
    const Pending mine{nullptr, &from, &client};
    notify_pending(CopyResult::Completed);
    pending_ = mine;
  }
  return true;
}

bool SharedCopy::write(const ComponentInstance* inst, Buffer& from, CopyClient& client) {
  if (dropped_) {
    client.on_copy_done(CopyResult::Dropped);
    return true;
  }
  if (!pending_.buffer) {
    pending_ = {inst, &from, &client};
    const std::shared_ptr<HostEnd> reader = reader_;
    return !reader || reader->on_offer();
  }
  if (!check_other(inst)) return false;
  if (stream_) {
    if (!write_stream(from, client)) return false;
    if (pending_.buffer == &from) pending_.inst = inst;
    return true;
  }
  if (!copy(*pending_.buffer, from, 1)) return false;
  notify_pending(CopyResult::Completed);
  client.on_copy_done(CopyResult::Completed);
  return true;
}

// ---- ends of guests

bool CopyEnd::start_copy(const ComponentInstance& inst, uint32_t index, std::unique_ptr<GuestBuffer> buffer) {
  index_ = index;
  buffer_ = std::move(buffer);
  state = State::Copying;
  return is_readable() ? shared->read(&inst, *buffer_, *this) : shared->write(&inst, *buffer_, *this);
}

void CopyEnd::on_copy() {
  result_ = CopyResult::Completed;
  reclaim_ = true;
  set_pending_event();
}

void CopyEnd::on_copy_done(CopyResult result) {
  result_ = result;
  reclaim_ = false;
  set_pending_event();
}

Event CopyEnd::make_event() {
  SKIFF_DCHECK(copying());
  if (reclaim_) shared->reset_pending();
  reclaim_ = false;
  const auto result = static_cast<uint32_t>(result_);
  if (is_stream()) {
    state = result_ == CopyResult::Dropped ? State::Done : State::Idle;
    const EventCode code = is_readable() ? EventCode::StreamRead : EventCode::StreamWrite;
    return {code, index_, result | buffer_->progress << 4};
  }
  dropped_by_reader_ = result_ == CopyResult::Dropped;
  state = result_ == CopyResult::Cancelled ? State::Idle : State::Done;
  return {is_readable() ? EventCode::FutureRead : EventCode::FutureWrite, index_, result};
}

CmTrap CopyEnd::why_not_copy() const {
  if (state != State::Done) return CmTrap::BusyCopy;
  if (is_stream()) return is_readable() ? CmTrap::StreamReadDone : CmTrap::StreamWriteDone;
  if (is_readable()) return CmTrap::FutureReadDone;
  return dropped_by_reader_ ? CmTrap::FutureWriteDropped : CmTrap::FutureWriteDone;
}

CmTrap CopyEnd::why_not_lift() const {
  if (state == State::Done) return is_stream() ? CmTrap::StreamLiftDone : CmTrap::FutureLiftDone;
  return is_stream() ? CmTrap::StreamLiftBusy : CmTrap::FutureLiftBusy;
}

bool CopyEnd::drop(ComponentStore& store) {
  if (kind == Kind::WritableFuture && state != State::Done) return store.trap(CmTrap::FutureDropUnwritten);
  if (copying()) {
    if (is_readable()) return store.trap(is_stream() ? CmTrap::StreamLiftBusy : CmTrap::FutureLiftBusy);
    return store.trap(is_stream() ? CmTrap::StreamDropBusy : CmTrap::FutureDropBusy);
  }
  shared->drop();
  join(nullptr);
  return true;
}

// ---- types and handles

namespace {

// Structural comparison where ids differ, which they do only because of resources. Pairs that were compared
// need no second look.
class SameType {
 public:
  explicit SameType(const ComponentInstance& inst) : inst_(inst), types_(*inst.types) {}

  bool same(OptType a, OptType b) {
    if (a == b) return true;
    if (!a || !b || a->is_primitive() || b->is_primitive()) return false;
    if (!types_.facts(*a).has_resource || !types_.facts(*b).has_resource) return false;
    const TypeBody& x = types_.body(a->id());
    const TypeBody& y = types_.body(b->id());
    if (x.index() != y.index()) return false;
    if (!seen_.insert({a->id(), b->id()}).second) return true;
    const Shape s(types_, *a), t(types_, *b);
    if (s.kind() != t.kind() || s.size() != t.size() || s.fixed_length() != t.fixed_length()) return false;
    switch (s.kind()) {
      case Shape::Kind::Own:
      case Shape::Kind::Borrow: return inst_.resource(s.resource()) == inst_.resource(t.resource());
      case Shape::Kind::Stream:
      case Shape::Kind::Future: return same(s.payload(), t.payload());
      case Shape::Kind::List:
        if (!s.is_map()) return same(s.element(), t.element());
        return same(s.field(0), t.field(0)) && same(s.field(1), t.field(1));
      case Shape::Kind::Record:
        if (!same_labels(x, y)) return false;
        for (size_t i = 0; i < s.size(); ++i)
          if (!same(s.field(i), t.field(i))) return false;
        return true;
      case Shape::Kind::Variant:
        if (!same_labels(x, y)) return false;
        for (size_t i = 0; i < s.size(); ++i)
          if (!same(s.case_type(i), t.case_type(i))) return false;
        return true;
      case Shape::Kind::Flags:
      case Shape::Kind::Primitive: break;
    }
    return false;
  }

 private:
  // Requires: the same kind of type, of the same size.
  static bool same_labels(const TypeBody& x, const TypeBody& y) {
    auto equal = [](const auto& as, const auto& bs) {
      return std::equal(as.begin(), as.end(), bs.begin(), [](const auto& a, const auto& b) { return a.label == b.label; });
    };
    if (const auto* record = std::get_if<RecordType>(&x)) return equal(record->fields, std::get<RecordType>(y).fields);
    if (const auto* variant = std::get_if<VariantType>(&x)) return equal(variant->cases, std::get<VariantType>(y).cases);
    return true;
  }

  const ComponentInstance& inst_;
  const TypeTable& types_;
  std::set<std::pair<TypeId, TypeId>> seen_;
};

}  // namespace

bool same_type(const ComponentInstance& inst, OptType a, OptType b) { return SameType(inst).same(a, b); }

bool lift_readable_end(ComponentInstance& inst, bool stream, uint32_t index, ValType type,
                       SharedObjectPtr& value) {
  const auto kind = stream ? HandleObject::Kind::ReadableStream : HandleObject::Kind::ReadableFuture;
  auto* end = static_cast<CopyEnd*>(inst.object_of(index, kind));
  if (!end) return false;
  if (!same_type(inst, end->element, Shape(*inst.types, type).payload()))
    return inst.store.trap(CmTrap::WrongHandle, std::to_string(index) + " used with the wrong element type");
  if (end->state != CopyEnd::State::Idle) return inst.store.trap(end->why_not_lift());
  if (end->in_waitable_set())
    return inst.store.trap(stream ? CmTrap::StreamLiftInSet : CmTrap::FutureLiftInSet);
  value = end->shared;
  inst.handles.remove(index);
  return true;
}

std::shared_ptr<HandleObject> make_readable_end(ComponentInstance& inst, bool stream,
                                                const SharedObjectPtr& value, ValType type) {
  return std::make_shared<CopyEnd>(stream ? HandleObject::Kind::ReadableStream : HandleObject::Kind::ReadableFuture,
                                   std::static_pointer_cast<SharedCopy>(value), Shape(*inst.types, type).payload());
}

}  // namespace skiff::component
