// The host's ends of streams and futures.
#include "component/exec/host_stream.h"

#include "component/exec/store.h"
#include "engine/base/check.h"

namespace skiff::component {

SharedObjectPtr make_host_written(ComponentStore& store, bool stream, OptType element,
                                  std::shared_ptr<HostEnd> writer) {
  auto shared = std::make_shared<SharedCopy>(store, stream, element);
  shared->attach_writer(std::move(writer));
  return shared;
}

bool read_as_host(SharedCopy& shared, std::shared_ptr<HostEnd> reader) {
  HostEnd& end = *reader;
  shared.attach_reader(std::move(reader));
  if (shared.dropped()) return end.on_dropped(), true;
  return !shared.offered() || end.on_offer();
}

bool written_by_host(const SharedCopy& shared) { return shared.host_writes(); }

// ---- futures

namespace {

// Whose copies are done when they start, because the other side waits.
class Nobody final : public CopyClient {
 public:
  void on_copy() override {}
  void on_copy_done(CopyResult) override {}
};

}  // namespace

bool HostFutureWriter::set(Val value) {
  SKIFF_DCHECK(!is_set());
  value_ = std::move(value);
  return !offered() || give();
}

bool HostFutureWriter::give() {
  std::vector<Val> values;
  values.push_back(std::move(*value_));
  value_.reset();
  given_ = true;
  HostBuffer buffer(std::move(values));
  Nobody nobody;
  return shared()->write(nullptr, buffer, nobody);
}

bool HostFutureReader::start() {
  return shared()->read(nullptr, buffer_, *this);
}

void HostFutureReader::on_copy_done(CopyResult result) {
  const Done done = std::move(done_);
  if (!done) return;
  if (result == CopyResult::Completed) done(std::move(buffer_.values()[0]));
  else done(std::nullopt);
}

bool await_future(const SharedObjectPtr& future, HostFutureReader::Done done) {
  auto& shared = static_cast<SharedCopy&>(*future);
  auto reader = std::make_shared<HostFutureReader>(std::move(done));
  HostFutureReader& end = *reader;
  return read_as_host(shared, std::move(reader)) && end.start();
}

// ---- bytes

bool ByteBuffer::read(uint32_t n, Val& list) {
  const uint8_t* from = raw();
  list = Val::of_numbers(Primitive::U8, std::vector<uint8_t>(from, from + n));
  skip(n);
  return true;
}

bool ByteBuffer::write(const Val& list) {
  const std::vector<uint8_t>& bytes = list.bytes();
  if (!bytes.empty()) std::memcpy(raw(), bytes.data(), bytes.size());
  skip(static_cast<uint32_t>(bytes.size()));
  return true;
}

}  // namespace skiff::component
