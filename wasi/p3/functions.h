// The functions of WASI 0.3, one for each row of functions.def. Parameters and results are WIT's; spec: the WIT
// files. Traps are recorded in the call, and then the result does not matter.
#pragma once

#include "wasi/common/address.h"
#include "wasi/common/clocks.h"
#include "wasi/common/descriptor.h"
#include "wasi/common/environment.h"
#include "wasi/p3/byte_ends.h"
#include "wasi/p3/types.h"

namespace skiff::wasi::p3 {

using wasi::Descriptor, wasi::Tcp, wasi::TerminalInput, wasi::TerminalOutput, wasi::Udp;

class P3Call : public WasiCall {
 public:
  using WasiCall::WasiCall;

  /// What is given to the guest, filled by `writer`.
  template <class T>
  StreamOut<T> stream(std::shared_ptr<component::HostEnd> writer) {
    return {component::make_host_written(flat.store(), true, flat.result_element(true), std::move(writer))};
  }
  template <class T>
  FutureOut<T> future(std::shared_ptr<component::HostEnd> writer) {
    return {component::make_host_written(flat.store(), false, flat.result_element(false), std::move(writer))};
  }
  /// A stream that nobody wants: its writer is told so.
  static void refuse(const component::SharedObjectPtr& stream) {
    static_cast<component::SharedCopy&>(*stream).drop();
  }
};

template <class T>
using FsResult = std::expected<T, FsError>;
template <class T>
using NetResult = std::expected<T, SocketError>;
/// How a stream ended.
template <class E>
using Ended = FutureOut<std::expected<void, E>>;
template <class E>
using BytesOut = std::tuple<StreamOut<uint8_t>, Ended<E>>;
using BytesIn = StreamIn<uint8_t>;

/// Bytes for the guest from `in`, or an error at once.
template <class E>
BytesOut<E> give_bytes(P3Call& c, std::expected<std::shared_ptr<InputStream>, StreamFault> in, TellError tell,
                       std::function<void()> dropped = {}) {
  auto future = std::make_shared<component::HostFutureWriter>();
  Ending ending(future, tell);
  if (!in) ending.fail(in.error());
  auto source = std::make_shared<ByteSource>(c.state.loop, in ? *std::move(in) : nullptr, std::move(ending),
                                             std::move(dropped));
  const auto stream = c.stream<uint8_t>(std::move(source));
  if (!in) P3Call::refuse(stream.object);
  return {stream, c.future<std::expected<void, E>>(std::move(future))};
}

/// Bytes of the guest to `out`, or an error at once.
template <class E>
Ended<E> take_bytes(P3Call& c, const BytesIn& data, std::expected<std::shared_ptr<OutputStream>, StreamFault> out,
                    TellError tell, std::function<void()> finished = {}) {
  auto future = std::make_shared<component::HostFutureWriter>();
  Ending ending(future, tell);
  if (!out) {
    ending.fail(out.error());
    P3Call::refuse(data.object);
  } else {
    const auto sink = std::make_shared<ByteSink>(c.state, *std::move(out), std::move(ending), std::move(finished));
    if (!ByteSink::start(sink, data.object)) c.outcome = Outcome::Trap;
  }
  return c.future<std::expected<void, E>>(std::move(future));
}

// clocks.cc: wasi:clocks; common: wasi:random
using wasi::insecure_bytes, wasi::insecure_seed, wasi::insecure_u64, wasi::monotonic_now, wasi::monotonic_resolution,
    wasi::random_bytes, wasi::random_u64;
Async<Unit> wait_until(P3Call& c, uint64_t when);
Async<Unit> wait_for(P3Call& c, uint64_t how_long);
Instant system_now(P3Call& c);
uint64_t system_resolution(P3Call& c);
std::optional<std::string> timezone_iana_id(P3Call& c);
std::optional<int64_t> timezone_utc_offset(P3Call& c, Instant when);
std::string timezone_to_debug_string(P3Call& c);

// cli.cc, common: wasi:cli
using wasi::exit, wasi::exit_with_code, wasi::get_arguments, wasi::get_environment, wasi::get_terminal_stderr,
    wasi::get_terminal_stdin, wasi::get_terminal_stdout, wasi::initial_cwd;
BytesOut<CliError> stdin_read(P3Call& c);
Ended<CliError> stdout_write(P3Call& c, BytesIn data);
Ended<CliError> stderr_write(P3Call& c, BytesIn data);

// filesystem.cc: wasi:filesystem
using wasi::get_directories;
FsCode fs_code(Errno e);
BytesOut<FsError> read_via_stream(P3Call& c, Borrow<Descriptor> self, uint64_t offset);
Ended<FsError> write_via_stream(P3Call& c, Borrow<Descriptor> self, BytesIn data, uint64_t offset);
Ended<FsError> append_via_stream(P3Call& c, Borrow<Descriptor> self, BytesIn data);
FsResult<void> advise(P3Call& c, Borrow<Descriptor> self, uint64_t offset, uint64_t length, AdviceKind advice);
FsResult<void> sync_data(P3Call& c, Borrow<Descriptor> self);
FsResult<DescriptorFlags> get_flags(P3Call& c, Borrow<Descriptor> self);
FsResult<DescriptorType> get_type(P3Call& c, Borrow<Descriptor> self);
FsResult<void> set_size(P3Call& c, Borrow<Descriptor> self, uint64_t size);
FsResult<void> set_times(P3Call& c, Borrow<Descriptor> self, NewTimestamp accessed, NewTimestamp modified);
std::tuple<StreamOut<DirectoryEntry>, Ended<FsError>> read_directory(P3Call& c, Borrow<Descriptor> self);
FsResult<void> sync(P3Call& c, Borrow<Descriptor> self);
FsResult<void> create_directory_at(P3Call& c, Borrow<Descriptor> self, const Text& path);
FsResult<DescriptorStat> stat(P3Call& c, Borrow<Descriptor> self);
FsResult<DescriptorStat> stat_at(P3Call& c, Borrow<Descriptor> self, PathFlags flags, const Text& path);
FsResult<void> set_times_at(P3Call& c, Borrow<Descriptor> self, PathFlags flags, const Text& path,
                            NewTimestamp accessed, NewTimestamp modified);
FsResult<void> link_at(P3Call& c, Borrow<Descriptor> self, PathFlags flags, const Text& path,
                       Borrow<Descriptor> new_dir, const Text& new_path);
FsResult<Own<Descriptor>> open_at(P3Call& c, Borrow<Descriptor> self, PathFlags path_flags, const Text& path,
                                  OpenFlags open, DescriptorFlags flags);
FsResult<std::string> readlink_at(P3Call& c, Borrow<Descriptor> self, const Text& path);
FsResult<void> remove_directory_at(P3Call& c, Borrow<Descriptor> self, const Text& path);
FsResult<void> rename_at(P3Call& c, Borrow<Descriptor> self, const Text& path, Borrow<Descriptor> new_dir,
                         const Text& new_path);
FsResult<void> symlink_at(P3Call& c, Borrow<Descriptor> self, const Text& target, const Text& path);
FsResult<void> unlink_file_at(P3Call& c, Borrow<Descriptor> self, const Text& path);
bool is_same_object(P3Call& c, Borrow<Descriptor> self, Borrow<Descriptor> other);
FsResult<MetadataHash> metadata_hash(P3Call& c, Borrow<Descriptor> self);
FsResult<MetadataHash> metadata_hash_at(P3Call& c, Borrow<Descriptor> self, PathFlags flags, const Text& path);

// tcp.cc: wasi:sockets/types, tcp-socket
NetCode net_code(NetError e);
template <class T>
NetResult<T> told(NetIo<T> r) {
  if (!r) return std::unexpected(SocketError(net_code(r.error())));
  if constexpr (std::is_void_v<T>) return {};
  else return *std::move(r);
}
NetResult<Own<Tcp>> tcp_create(P3Call& c, IpFamily family);
NetResult<void> tcp_bind(P3Call& c, Borrow<Tcp> self, IpSocketAddress local);
Async<NetResult<void>> tcp_connect(P3Call& c, Borrow<Tcp> self, IpSocketAddress remote);
NetResult<StreamOut<Own<Tcp>>> tcp_listen(P3Call& c, Borrow<Tcp> self);
Ended<SocketError> tcp_send(P3Call& c, Borrow<Tcp> self, BytesIn data);
BytesOut<SocketError> tcp_receive(P3Call& c, Borrow<Tcp> self);
NetResult<IpSocketAddress> tcp_local_address(P3Call& c, Borrow<Tcp> self);
NetResult<IpSocketAddress> tcp_remote_address(P3Call& c, Borrow<Tcp> self);
bool tcp_is_listening(P3Call& c, Borrow<Tcp> self);
IpFamily tcp_address_family(P3Call& c, Borrow<Tcp> self);
NetResult<void> tcp_set_listen_backlog_size(P3Call& c, Borrow<Tcp> self, uint64_t value);
NetResult<bool> tcp_keep_alive_enabled(P3Call& c, Borrow<Tcp> self);
NetResult<void> tcp_set_keep_alive_enabled(P3Call& c, Borrow<Tcp> self, bool value);
NetResult<uint64_t> tcp_keep_alive_idle_time(P3Call& c, Borrow<Tcp> self);
NetResult<void> tcp_set_keep_alive_idle_time(P3Call& c, Borrow<Tcp> self, uint64_t value);
NetResult<uint64_t> tcp_keep_alive_interval(P3Call& c, Borrow<Tcp> self);
NetResult<void> tcp_set_keep_alive_interval(P3Call& c, Borrow<Tcp> self, uint64_t value);
NetResult<uint32_t> tcp_keep_alive_count(P3Call& c, Borrow<Tcp> self);
NetResult<void> tcp_set_keep_alive_count(P3Call& c, Borrow<Tcp> self, uint32_t value);
NetResult<uint8_t> tcp_hop_limit(P3Call& c, Borrow<Tcp> self);
NetResult<void> tcp_set_hop_limit(P3Call& c, Borrow<Tcp> self, uint8_t value);
NetResult<uint64_t> tcp_receive_buffer_size(P3Call& c, Borrow<Tcp> self);
NetResult<void> tcp_set_receive_buffer_size(P3Call& c, Borrow<Tcp> self, uint64_t value);
NetResult<uint64_t> tcp_send_buffer_size(P3Call& c, Borrow<Tcp> self);
NetResult<void> tcp_set_send_buffer_size(P3Call& c, Borrow<Tcp> self, uint64_t value);

// udp.cc: wasi:sockets/types, udp-socket; wasi:sockets/ip-name-lookup
using Received = std::tuple<std::vector<uint8_t>, IpSocketAddress>;
NetResult<Own<Udp>> udp_create(P3Call& c, IpFamily family);
NetResult<void> udp_bind(P3Call& c, Borrow<Udp> self, IpSocketAddress local);
NetResult<void> udp_connect(P3Call& c, Borrow<Udp> self, IpSocketAddress remote);
NetResult<void> udp_disconnect(P3Call& c, Borrow<Udp> self);
Async<NetResult<void>> udp_send(P3Call& c, Borrow<Udp> self, Bytes data, std::optional<IpSocketAddress> remote);
Async<NetResult<Received>> udp_receive(P3Call& c, Borrow<Udp> self);
NetResult<IpSocketAddress> udp_local_address(P3Call& c, Borrow<Udp> self);
NetResult<IpSocketAddress> udp_remote_address(P3Call& c, Borrow<Udp> self);
IpFamily udp_address_family(P3Call& c, Borrow<Udp> self);
NetResult<uint8_t> udp_hop_limit(P3Call& c, Borrow<Udp> self);
NetResult<void> udp_set_hop_limit(P3Call& c, Borrow<Udp> self, uint8_t value);
NetResult<uint64_t> udp_receive_buffer_size(P3Call& c, Borrow<Udp> self);
NetResult<void> udp_set_receive_buffer_size(P3Call& c, Borrow<Udp> self, uint64_t value);
NetResult<uint64_t> udp_send_buffer_size(P3Call& c, Borrow<Udp> self);
NetResult<void> udp_set_send_buffer_size(P3Call& c, Borrow<Udp> self, uint64_t value);
Async<std::expected<std::vector<IpAddressCase>, LookupError>> resolve_addresses(P3Call& c, const Text& name);

}  // namespace skiff::wasi::p3
