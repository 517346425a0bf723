// The functions of WASI 0.2, one for each row of functions.def. Parameters and results are WIT's; spec: the WIT
// files. Traps are recorded in the call, and then the result does not matter.
#pragma once

#include "wasi/common/clocks.h"
#include "wasi/p2/http_resources.h"
#include "wasi/p2/state.h"

namespace skiff::wasi::p2 {

template <class T>
using StreamResult = std::expected<T, StreamError>;
template <class T>
using FsResult = std::expected<T, FsError>;
template <class T>
using NetResult = std::expected<T, NetError>;

// io.cc: wasi:io
std::string error_to_debug_string(P2Call& c, Borrow<Error> self);
bool pollable_ready(P2Call& c, Borrow<Pollable> self);
void pollable_block(P2Call& c, Borrow<Pollable> self);
std::vector<uint32_t> poll(P2Call& c, const std::vector<Borrow<Pollable>>& in);
StreamResult<Bytes> input_read(P2Call& c, Borrow<Input> self, uint64_t length);
StreamResult<Bytes> input_blocking_read(P2Call& c, Borrow<Input> self, uint64_t length);
StreamResult<uint64_t> input_skip(P2Call& c, Borrow<Input> self, uint64_t length);
StreamResult<uint64_t> input_blocking_skip(P2Call& c, Borrow<Input> self, uint64_t length);
Own<Pollable> input_subscribe(P2Call& c, Borrow<Input> self);
StreamResult<uint64_t> output_check_write(P2Call& c, Borrow<Output> self);
StreamResult<void> output_write(P2Call& c, Borrow<Output> self, Bytes contents);
StreamResult<void> output_blocking_write_and_flush(P2Call& c, Borrow<Output> self, Bytes contents);
StreamResult<void> output_flush(P2Call& c, Borrow<Output> self);
StreamResult<void> output_blocking_flush(P2Call& c, Borrow<Output> self);
Own<Pollable> output_subscribe(P2Call& c, Borrow<Output> self);
StreamResult<void> output_write_zeroes(P2Call& c, Borrow<Output> self, uint64_t length);
StreamResult<void> output_blocking_write_zeroes_and_flush(P2Call& c, Borrow<Output> self, uint64_t length);
StreamResult<uint64_t> output_splice(P2Call& c, Borrow<Output> self, Borrow<Input> from, uint64_t length);
StreamResult<uint64_t> output_blocking_splice(P2Call& c, Borrow<Output> self, Borrow<Input> from, uint64_t length);

// clocks.cc: wasi:clocks; common: wasi:random
using wasi::insecure_bytes, wasi::insecure_seed, wasi::insecure_u64, wasi::monotonic_now, wasi::monotonic_resolution,
    wasi::random_bytes, wasi::random_u64;
Own<Pollable> subscribe_instant(P2Call& c, uint64_t when);
Own<Pollable> subscribe_duration(P2Call& c, uint64_t when);
Datetime wall_now(P2Call& c);
Datetime wall_resolution(P2Call& c);
TimezoneDisplay timezone_display(P2Call& c, Datetime when);
int32_t timezone_utc_offset(P2Call& c, Datetime when);

// cli.cc, common: wasi:cli
using wasi::exit, wasi::exit_with_code, wasi::get_arguments, wasi::get_environment, wasi::get_terminal_stderr,
    wasi::get_terminal_stdin, wasi::get_terminal_stdout, wasi::initial_cwd;
Own<Input> get_stdin(P2Call& c);
Own<Output> get_stdout(P2Call& c);
Own<Output> get_stderr(P2Call& c);

// filesystem.cc: wasi:filesystem
FsError fs_error(Errno e);
FsResult<Own<Input>> read_via_stream(P2Call& c, Borrow<Descriptor> self, uint64_t offset);
FsResult<Own<Output>> write_via_stream(P2Call& c, Borrow<Descriptor> self, uint64_t offset);
FsResult<Own<Output>> append_via_stream(P2Call& c, Borrow<Descriptor> self);
FsResult<void> advise(P2Call& c, Borrow<Descriptor> self, uint64_t offset, uint64_t length, AdviceKind advice);
FsResult<void> sync_data(P2Call& c, Borrow<Descriptor> self);
FsResult<DescriptorFlags> get_flags(P2Call& c, Borrow<Descriptor> self);
FsResult<DescriptorType> get_type(P2Call& c, Borrow<Descriptor> self);
FsResult<void> set_size(P2Call& c, Borrow<Descriptor> self, uint64_t size);
FsResult<void> set_times(P2Call& c, Borrow<Descriptor> self, NewTimestamp accessed, NewTimestamp modified);
FsResult<std::tuple<Bytes, bool>> descriptor_read(P2Call& c, Borrow<Descriptor> self, uint64_t length,
                                                  uint64_t offset);
FsResult<uint64_t> descriptor_write(P2Call& c, Borrow<Descriptor> self, Bytes buffer, uint64_t offset);
FsResult<Own<EntryStream>> read_directory(P2Call& c, Borrow<Descriptor> self);
FsResult<void> sync(P2Call& c, Borrow<Descriptor> self);
FsResult<void> create_directory_at(P2Call& c, Borrow<Descriptor> self, const Text& path);
FsResult<DescriptorStat> stat(P2Call& c, Borrow<Descriptor> self);
FsResult<DescriptorStat> stat_at(P2Call& c, Borrow<Descriptor> self, PathFlags flags, const Text& path);
FsResult<void> set_times_at(P2Call& c, Borrow<Descriptor> self, PathFlags flags, const Text& path,
                            NewTimestamp accessed, NewTimestamp modified);
FsResult<void> link_at(P2Call& c, Borrow<Descriptor> self, PathFlags flags, const Text& path,
                       Borrow<Descriptor> new_dir, const Text& new_path);
FsResult<Own<Descriptor>> open_at(P2Call& c, Borrow<Descriptor> self, PathFlags path_flags, const Text& path,
                                  OpenFlags open, DescriptorFlags flags);
FsResult<std::string> readlink_at(P2Call& c, Borrow<Descriptor> self, const Text& path);
FsResult<void> remove_directory_at(P2Call& c, Borrow<Descriptor> self, const Text& path);
FsResult<void> rename_at(P2Call& c, Borrow<Descriptor> self, const Text& path, Borrow<Descriptor> new_dir,
                         const Text& new_path);
FsResult<void> symlink_at(P2Call& c, Borrow<Descriptor> self, const Text& target, const Text& path);
FsResult<void> unlink_file_at(P2Call& c, Borrow<Descriptor> self, const Text& path);
bool is_same_object(P2Call& c, Borrow<Descriptor> self, Borrow<Descriptor> other);
FsResult<MetadataHash> metadata_hash(P2Call& c, Borrow<Descriptor> self);
FsResult<MetadataHash> metadata_hash_at(P2Call& c, Borrow<Descriptor> self, PathFlags flags, const Text& path);
FsResult<std::optional<DirectoryEntry>> read_directory_entry(P2Call& c, Borrow<EntryStream> self);
std::optional<FsError> filesystem_error_code(P2Call& c, Borrow<Error> error);
using wasi::get_directories;

// network.cc: wasi:sockets but for its sockets
std::optional<NetError> network_error_code(P2Call& c, Borrow<Error> error);
Own<Network> instance_network(P2Call& c);
NetResult<std::optional<IpAddressCase>> resolve_next_address(P2Call& c, Borrow<AddressStream> self);
Own<Pollable> lookup_subscribe(P2Call& c, Borrow<AddressStream> self);
NetResult<Own<AddressStream>> resolve_addresses(P2Call& c, Borrow<Network> network, const Text& name);

// tcp.cc
NetResult<Own<Tcp>> create_tcp_socket(P2Call& c, IpFamily family);
NetResult<void> tcp_start_bind(P2Call& c, Borrow<Tcp> self, Borrow<Network> network, IpSocketAddress local);
NetResult<void> tcp_finish_bind(P2Call& c, Borrow<Tcp> self);
NetResult<void> tcp_start_connect(P2Call& c, Borrow<Tcp> self, Borrow<Network> network, IpSocketAddress remote);
NetResult<std::tuple<Own<Input>, Own<Output>>> tcp_finish_connect(P2Call& c, Borrow<Tcp> self);
NetResult<void> tcp_start_listen(P2Call& c, Borrow<Tcp> self);
NetResult<void> tcp_finish_listen(P2Call& c, Borrow<Tcp> self);
NetResult<std::tuple<Own<Tcp>, Own<Input>, Own<Output>>> tcp_accept(P2Call& c, Borrow<Tcp> self);
NetResult<IpSocketAddress> tcp_local_address(P2Call& c, Borrow<Tcp> self);
NetResult<IpSocketAddress> tcp_remote_address(P2Call& c, Borrow<Tcp> self);
bool tcp_is_listening(P2Call& c, Borrow<Tcp> self);
IpFamily tcp_address_family(P2Call& c, Borrow<Tcp> self);
NetResult<void> tcp_set_listen_backlog_size(P2Call& c, Borrow<Tcp> self, uint64_t value);
NetResult<bool> tcp_keep_alive_enabled(P2Call& c, Borrow<Tcp> self);
NetResult<void> tcp_set_keep_alive_enabled(P2Call& c, Borrow<Tcp> self, bool value);
NetResult<uint64_t> tcp_keep_alive_idle_time(P2Call& c, Borrow<Tcp> self);
NetResult<void> tcp_set_keep_alive_idle_time(P2Call& c, Borrow<Tcp> self, uint64_t value);
NetResult<uint64_t> tcp_keep_alive_interval(P2Call& c, Borrow<Tcp> self);
NetResult<void> tcp_set_keep_alive_interval(P2Call& c, Borrow<Tcp> self, uint64_t value);
NetResult<uint32_t> tcp_keep_alive_count(P2Call& c, Borrow<Tcp> self);
NetResult<void> tcp_set_keep_alive_count(P2Call& c, Borrow<Tcp> self, uint32_t value);
NetResult<uint8_t> tcp_hop_limit(P2Call& c, Borrow<Tcp> self);
NetResult<void> tcp_set_hop_limit(P2Call& c, Borrow<Tcp> self, uint8_t value);
NetResult<uint64_t> tcp_receive_buffer_size(P2Call& c, Borrow<Tcp> self);
NetResult<void> tcp_set_receive_buffer_size(P2Call& c, Borrow<Tcp> self, uint64_t value);
NetResult<uint64_t> tcp_send_buffer_size(P2Call& c, Borrow<Tcp> self);
NetResult<void> tcp_set_send_buffer_size(P2Call& c, Borrow<Tcp> self, uint64_t value);
Own<Pollable> tcp_subscribe(P2Call& c, Borrow<Tcp> self);
NetResult<void> tcp_shutdown(P2Call& c, Borrow<Tcp> self, ShutdownType how);

// udp.cc
NetResult<Own<Udp>> create_udp_socket(P2Call& c, IpFamily family);
NetResult<void> udp_start_bind(P2Call& c, Borrow<Udp> self, Borrow<Network> network, IpSocketAddress local);
NetResult<void> udp_finish_bind(P2Call& c, Borrow<Udp> self);
NetResult<std::tuple<Own<DatagramsIn>, Own<DatagramsOut>>> udp_stream(P2Call& c, Borrow<Udp> self,
                                                                     std::optional<IpSocketAddress> remote);
NetResult<IpSocketAddress> udp_local_address(P2Call& c, Borrow<Udp> self);
NetResult<IpSocketAddress> udp_remote_address(P2Call& c, Borrow<Udp> self);
IpFamily udp_address_family(P2Call& c, Borrow<Udp> self);
NetResult<uint8_t> udp_hop_limit(P2Call& c, Borrow<Udp> self);
NetResult<void> udp_set_hop_limit(P2Call& c, Borrow<Udp> self, uint8_t value);
NetResult<uint64_t> udp_receive_buffer_size(P2Call& c, Borrow<Udp> self);
NetResult<void> udp_set_receive_buffer_size(P2Call& c, Borrow<Udp> self, uint64_t value);
NetResult<uint64_t> udp_send_buffer_size(P2Call& c, Borrow<Udp> self);
NetResult<void> udp_set_send_buffer_size(P2Call& c, Borrow<Udp> self, uint64_t value);
Own<Pollable> udp_subscribe(P2Call& c, Borrow<Udp> self);
NetResult<std::vector<IncomingDatagram>> datagrams_receive(P2Call& c, Borrow<DatagramsIn> self, uint64_t most);
Own<Pollable> datagrams_in_subscribe(P2Call& c, Borrow<DatagramsIn> self);
NetResult<uint64_t> datagrams_check_send(P2Call& c, Borrow<DatagramsOut> self);
NetResult<uint64_t> datagrams_send(P2Call& c, Borrow<DatagramsOut> self, const std::vector<OutgoingDatagram>& all);
Own<Pollable> datagrams_out_subscribe(P2Call& c, Borrow<DatagramsOut> self);

// http_types.cc: wasi:http/types but for bodies
using FieldResult = std::expected<void, HeaderError>;
using Plain = std::expected<void, Unit>;
using Duration = std::optional<uint64_t>;
Own<MessageFields> fields_new(P2Call& c);
std::expected<Own<MessageFields>, HeaderError> fields_from_list(P2Call& c, FieldList entries);
std::vector<Bytes> fields_get(P2Call& c, Borrow<MessageFields> self, const Text& name);
bool fields_has(P2Call& c, Borrow<MessageFields> self, const Text& name);
FieldResult fields_set(P2Call& c, Borrow<MessageFields> self, const Text& name, const std::vector<Bytes>& value);
FieldResult fields_delete(P2Call& c, Borrow<MessageFields> self, const Text& name);
FieldResult fields_append(P2Call& c, Borrow<MessageFields> self, const Text& name, Bytes value);
std::vector<std::tuple<std::string_view, Bytes>> fields_entries(P2Call& c, Borrow<MessageFields> self);
Own<MessageFields> fields_clone(P2Call& c, Borrow<MessageFields> self);
HttpMethod incoming_request_method(P2Call& c, Borrow<IncomingRequest> self);
std::optional<std::string_view> incoming_request_path(P2Call& c, Borrow<IncomingRequest> self);
std::optional<HttpScheme> incoming_request_scheme(P2Call& c, Borrow<IncomingRequest> self);
std::optional<std::string_view> incoming_request_authority(P2Call& c, Borrow<IncomingRequest> self);
Own<MessageFields> incoming_request_headers(P2Call& c, Borrow<IncomingRequest> self);
std::expected<Own<IncomingBody>, Unit> incoming_request_consume(P2Call& c, Borrow<IncomingRequest> self);
Own<OutgoingRequest> outgoing_request_new(P2Call& c, Own<MessageFields> headers);
std::expected<Own<OutgoingBody>, Unit> outgoing_request_body(P2Call& c, Borrow<OutgoingRequest> self);
HttpMethod outgoing_request_method(P2Call& c, Borrow<OutgoingRequest> self);
Plain outgoing_request_set_method(P2Call& c, Borrow<OutgoingRequest> self, const HttpMethod& method);
std::optional<std::string_view> outgoing_request_path(P2Call& c, Borrow<OutgoingRequest> self);
Plain outgoing_request_set_path(P2Call& c, Borrow<OutgoingRequest> self, const std::optional<Text>& path);
std::optional<HttpScheme> outgoing_request_scheme(P2Call& c, Borrow<OutgoingRequest> self);
Plain outgoing_request_set_scheme(P2Call& c, Borrow<OutgoingRequest> self, const std::optional<HttpScheme>& scheme);
std::optional<std::string_view> outgoing_request_authority(P2Call& c, Borrow<OutgoingRequest> self);
Plain outgoing_request_set_authority(P2Call& c, Borrow<OutgoingRequest> self, const std::optional<Text>& authority);
Own<MessageFields> outgoing_request_headers(P2Call& c, Borrow<OutgoingRequest> self);
Own<RequestOptions> request_options_new(P2Call& c);
Duration request_options_connect(P2Call& c, Borrow<RequestOptions> self);
Plain request_options_set_connect(P2Call& c, Borrow<RequestOptions> self, Duration duration);
Duration request_options_first_byte(P2Call& c, Borrow<RequestOptions> self);
Plain request_options_set_first_byte(P2Call& c, Borrow<RequestOptions> self, Duration duration);
Duration request_options_between_bytes(P2Call& c, Borrow<RequestOptions> self);
Plain request_options_set_between_bytes(P2Call& c, Borrow<RequestOptions> self, Duration duration);
HttpResult<void> response_outparam_inform(P2Call& c, Borrow<ResponseOutparam> self, uint16_t status,
                                          Own<MessageFields> headers);
void response_outparam_set(P2Call& c, Own<ResponseOutparam> param, HttpResult<Own<OutgoingResponse>> response);
uint16_t incoming_response_status(P2Call& c, Borrow<IncomingResponse> self);
Own<MessageFields> incoming_response_headers(P2Call& c, Borrow<IncomingResponse> self);
std::expected<Own<IncomingBody>, Unit> incoming_response_consume(P2Call& c, Borrow<IncomingResponse> self);
Own<OutgoingResponse> outgoing_response_new(P2Call& c, Own<MessageFields> headers);
uint16_t outgoing_response_status(P2Call& c, Borrow<OutgoingResponse> self);
Plain outgoing_response_set_status(P2Call& c, Borrow<OutgoingResponse> self, uint16_t status);
Own<MessageFields> outgoing_response_headers(P2Call& c, Borrow<OutgoingResponse> self);
std::expected<Own<OutgoingBody>, Unit> outgoing_response_body(P2Call& c, Borrow<OutgoingResponse> self);
std::optional<HttpError> http_error_code(P2Call& c, Borrow<Error> error);

// http_bodies.cc: bodies of wasi:http/types; wasi:http/outgoing-handler
using TrailersResult = HttpResult<std::optional<Own<MessageFields>>>;
std::expected<Own<Input>, Unit> incoming_body_stream(P2Call& c, Borrow<IncomingBody> self);
Own<FutureTrailers> incoming_body_finish(P2Call& c, Own<IncomingBody> body);
Own<Pollable> future_trailers_subscribe(P2Call& c, Borrow<FutureTrailers> self);
std::optional<std::expected<TrailersResult, Unit>> future_trailers_get(P2Call& c, Borrow<FutureTrailers> self);
std::expected<Own<Output>, Unit> outgoing_body_write(P2Call& c, Borrow<OutgoingBody> self);
HttpResult<void> outgoing_body_finish(P2Call& c, Own<OutgoingBody> body, std::optional<Own<MessageFields>> trailers);
Own<Pollable> future_response_subscribe(P2Call& c, Borrow<FutureIncomingResponse> self);
std::optional<std::expected<HttpResult<Own<IncomingResponse>>, Unit>> future_response_get(
    P2Call& c, Borrow<FutureIncomingResponse> self);
HttpResult<Own<FutureIncomingResponse>> outgoing_handler_handle(P2Call& c, Own<OutgoingRequest> request,
                                                                std::optional<Own<RequestOptions>> options);

}  // namespace skiff::wasi::p2
