// A request on its way: looking up, connecting, sending.
#include "wasi/http_client/transfer.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "wasi/http_client/pending.h"
#include "wasi/os/clock.h"

namespace skiff::wasi {

Transfer::Transfer(CurlClient& client, HttpRequestHead head, const HttpRequestOptions& options,
                   std::shared_ptr<HttpBody> body, const HttpPolicy& policy, HttpOrigin origin)
    : client_(client),
      head_(std::move(head)),
      options_(options),
      request_(std::move(body)),
      policy_(&policy),
      origin_(std::move(origin)),
      lookup_watch_(&fire_lookup, this),
      request_waiter_(&fire_signal, this),
      response_waiter_(&fire_signal, this),
      first_byte_(&fire_first_byte, this),
      between_bytes_(&fire_between_bytes, this) {}

Transfer::~Transfer() { close(); }

HttpResult<std::unique_ptr<Transfer>> Transfer::create(CurlClient& client, HttpRequestHead head,
                                                       const HttpRequestOptions& options,
                                                       std::shared_ptr<HttpBody> body, const HttpPolicy& policy) {
  if (!head.scheme || head.scheme->kind == HttpScheme::Kind::Other || !head.authority)
    return http_fail(HttpErrorCode::RequestUriInvalid);
  const auto authority = HttpAuthority::parse(*head.authority);
  if (!authority || !is_http_path_with_query(head.path_with_query.value_or("")))
    return http_fail(HttpErrorCode::RequestUriInvalid);
  // What it asks for is a tunnel, which is no response.
  if (head.method.kind == HttpMethod::Kind::Connect || !is_http_token(head.method.text()))
    return http_fail(HttpErrorCode::RequestMethodInvalid);
  HttpOrigin origin = HttpOrigin::of(*head.scheme, *authority);
  return std::unique_ptr<Transfer>(
      new Transfer(client, std::move(head), options, std::move(body), policy, std::move(origin)));
}

std::shared_ptr<HttpPending> Transfer::make_pending() {
  auto pending = std::make_shared<Pending>(*this);
  pending_ = pending.get();
  return pending;
}

Transfer::Pending::~Pending() {
  if (!transfer_) return;
  transfer_->pending_ = nullptr;
  transfer_->wanted_ = false;
  transfer_->policy_ = nullptr;
  transfer_->client_.schedule(*transfer_);
}

// ---- steps

void Transfer::fire_signal(void* self) {
  auto& t = *static_cast<Transfer*>(self);
  t.client_.schedule(t);
}

void Transfer::fire_lookup(void* self, short) {
  auto& t = *static_cast<Transfer*>(self);
  t.client_.schedule(t);
}

void Transfer::step() {
  if (ended()) return;
  if (!wanted_ || (response_ && response_->closed())) return end({HttpErrorCode::ConnectionTerminated});
  switch (state_) {
    case State::New: return begin();
    case State::LooksUp: return looked_up();
    case State::Runs:
    case State::Ended: break;
  }
  if (response_) response_->writable.enter(response_waiter_);
  bool resume = false;
  if (read_paused_) {
    if (request_->buffered() != 0 || request_->ended()) {
      read_paused_ = false;
      resume = true;
    } else {
      request_->readable.enter(request_waiter_);
    }
  }
  if (write_paused_ && response_->room() >= write_needs_) {
    write_paused_ = false;
    arm_between_bytes();
    resume = true;
  }
  if (!resume) return;
  int paused = CURLPAUSE_CONT;
  if (read_paused_) paused |= CURLPAUSE_SEND;
  if (write_paused_) paused |= CURLPAUSE_RECV;
  client_.api().curl_easy_pause(easy_, paused);
}

void Transfer::begin() {
  if (const HttpError* error = request_->error()) return end(*error);
  const std::string where = origin_.host + ":" + std::to_string(origin_.port);
  if (IpAddress::parse(origin_.host) || client_.knows(where)) return start({});
  auto lookup = client_.look_up(origin_.host);
  if (!lookup) {
    return end(lookup.error() == NetError::InvalidArgument ? HttpError{HttpErrorCode::DestinationNotFound}
                                                           : HttpError{HttpErrorCode::DnsError});
  }
  lookup_ = *std::move(lookup);
  state_ = State::LooksUp;
  // Connecting includes looking up.
  client_.reactor().arm(first_byte_, deadline_from_now(timeout(&HttpRequestOptions::connect_timeout)));
  looked_up();
}

void Transfer::looked_up() {
  WaitSet set;
  if (!lookup_->poll(set)) {
    if (!lookup_watch_.armed() && !set.fds().empty() &&
        !client_.reactor().arm(lookup_watch_, set.fds()[0].fd, set.fds()[0].events))
      return end({HttpErrorCode::DnsError});
    // The answer may have come in between; then the descriptor says so.
    if (!set.fds().empty()) return;
  }
  lookup_watch_.disarm();
  std::vector<IpAddress> addresses;
  for (;;) {
    const auto next = lookup_->next();
    if (!next) {
      if (next.error() == NetError::WouldBlock) {
        WaitSet again;
        if (!lookup_->poll(again) && !again.fds().empty() &&
            client_.reactor().arm(lookup_watch_, again.fds()[0].fd, again.fds()[0].events))
          return;
        return end({HttpErrorCode::DnsError});
      }
      return end(next.error() == NetError::NameUnresolvable ? HttpError{HttpErrorCode::DnsError, {}, "name not found"}
                                                            : HttpError{HttpErrorCode::DnsError});
    }
    if (!*next) break;
    addresses.push_back(**next);
  }
  lookup_.reset();
  first_byte_.disarm();
  if (addresses.empty()) return end({HttpErrorCode::DnsError, {}, "name not found"});
  start(addresses);
}

void Transfer::start(const std::vector<IpAddress>& addresses) {
  easy_ = client_.take_easy();
  if (!easy_) return end({HttpErrorCode::InternalError, {}, "out of memory"});
  if (!addresses.empty()) {
    const std::string where = origin_.host + ":" + std::to_string(origin_.port);
    std::string entry = "+" + where + ":";   // +: forgotten after a while
    for (const IpAddress& a : addresses) {
      if (!entry.ends_with(':')) entry += ',';
      entry += a.family == AddressFamily::Ipv6 ? "[" + a.text() + "]" : a.text();
    }
    resolved_ = client_.api().curl_slist_append(nullptr, entry.c_str());
    set(CURLOPT_RESOLVE, resolved_);
    client_.learned(where);
  }
  if (!set_options()) return end({HttpErrorCode::InternalError, {}, "out of memory"});
  state_ = State::Runs;
  if (client_.api().curl_multi_add_handle(client_.multi(), easy_) != CURLM_OK)
    return end({HttpErrorCode::InternalError, {}, "libcurl does not take the request"});
}

// ---- options

bool Transfer::set_options() {
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  // The way to the server is checked by address: no proxies that the environment names.
  set(CURLOPT_PROXY, "");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_PREREQFUNCTION, &on_connected);
  set(CURLOPT_PREREQDATA, this);
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &on_write);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!client_.config().ca_file.empty()) set(CURLOPT_CAINFO, client_.config().ca_file.c_str());
  set_timeouts();
  set_target();
  set_body();
  return set_fields();
}

void Transfer::set_timeouts() {
  constexpr uint64_t kMillisecond = 1'000'000, kMost = uint64_t{1} << 30;
  const uint64_t ms = std::min(timeout(&HttpRequestOptions::connect_timeout) / kMillisecond, kMost);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::max<uint64_t>(ms, 1)));
}

// libcurl parses only what it connects to; what is asked for goes to the server as it is.
void Transfer::set_target() {
  const std::string url = origin_.text() + "/";
  set(CURLOPT_URL, url.c_str());
  std::string target = head_.path_with_query.value_or("/");
  if (target.empty() || target[0] == '?') target.insert(target.begin(), '/');
  set(CURLOPT_REQUEST_TARGET, target.c_str());
}

void Transfer::set_body() {
  std::string method(head_.method.text());
  if (head_.method.kind == HttpMethod::Kind::Head) {
    set(CURLOPT_NOBODY, 1L);
    request_->close();
    return;
  }
  set(CURLOPT_CUSTOMREQUEST, method.c_str());
  // A body that is here already can be sent twice, which libcurl does when a kept connection turns out to be dead.
  const bool complete = request_->ended() && !request_->error() && !request_->trailers();
  const bool expects_body = head_.method.kind == HttpMethod::Kind::Post || head_.method.kind == HttpMethod::Kind::Put ||
                            head_.method.kind == HttpMethod::Kind::Patch;
  if (complete && request_->buffered() == 0 && !expects_body) return;
  if (complete) {
    is_whole_ = true;
    for (std::span<const uint8_t> piece = request_->data(); !piece.empty(); piece = request_->data()) {
      whole_.insert(whole_.end(), piece.begin(), piece.end());
      request_->consumed(piece.size());
    }
    set(CURLOPT_SEEKFUNCTION, &on_seek);
    set(CURLOPT_SEEKDATA, this);
  }
  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_READFUNCTION, &on_read);
  set(CURLOPT_READDATA, this);
  curl_off_t length = -1;
  if (is_whole_) length = static_cast<curl_off_t>(whole_.size());
  else if (request_->length()) length = static_cast<curl_off_t>(*request_->length());
  set(CURLOPT_INFILESIZE_LARGE, length);
  if (length < 0) {
    set(CURLOPT_TRAILERFUNCTION, &on_trailers);
    set(CURLOPT_TRAILERDATA, this);
  }
}

bool Transfer::set_fields() {
  const CurlApi& api = client_.api();
  bool ok = true;
  const auto add = [&](const std::string& line) {
    curl_slist* const longer = api.curl_slist_append(fields_, line.c_str());
    if (longer) fields_ = longer;
    ok = ok && longer;
  };
  for (size_t i = 0; i < head_.fields.count(); ++i) {
    const HttpFields::Field f = head_.fields.at(i);
    // Framing is libcurl's; the rest of these were never the guest's.
    if (is_forbidden_field(f.name) || equal_ignoring_case(f.name, "content-length")) continue;
    const bool blank = f.value.find_first_not_of(" \t") == f.value.npos;
    add(std::string(f.name) + (blank ? std::string(";") : ": " + std::string(f.value)));
  }
  // What libcurl would add.
  for (const char* name : {"Accept", "Expect", "User-Agent", "Content-Type"})
    if (!head_.fields.has(name)) add(std::string(name) + ":");
  set(CURLOPT_HTTPHEADER, fields_);
  return ok;
}

// ---- connecting

bool Transfer::may_reach(const IpAddress& address) {
  if (policy_ && policy_->allows(origin_, address)) return true;
  if (policy_) policy_->refused(origin_, address);
  error_ = HttpError{HttpErrorCode::DestinationIpProhibited};
  return false;
}

curl_socket_t Transfer::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& t = *static_cast<Transfer*>(self);
  HostAddress host;
  if (address->addrlen > sizeof host.storage) return CURL_SOCKET_BAD;
  std::memcpy(&host.storage, &address->addr, address->addrlen);
  host.size = static_cast<socklen_t>(address->addrlen);
  const auto where = from_host(host);
  if (!where || !t.may_reach(where->ip)) return CURL_SOCKET_BAD;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
}

// The connection may be one that was made for another guest, which may reach more.
int Transfer::on_connected(void* self, char* remote, char*, int, int) {
  auto& t = *static_cast<Transfer*>(self);
  std::string_view text = remote;
  text = text.substr(0, text.find('%'));
  const auto address = IpAddress::parse(text);
  if (!address || !t.may_reach(*address)) return CURL_PREREQFUNC_ABORT;
  t.error_.reset();        // another address of the name may have been refused
  t.client_.reactor().arm(t.first_byte_, deadline_from_now(t.timeout(&HttpRequestOptions::first_byte_timeout)));
  return CURL_PREREQFUNC_OK;
}

// ---- sending the body

size_t Transfer::on_read(char* to, size_t size, size_t count, void* self) {
  auto& t = *static_cast<Transfer*>(self);
  const size_t room = size * count;
  if (t.is_whole_) {
    const size_t n = std::min(room, t.whole_.size() - t.whole_at_);
    if (n != 0) std::memcpy(to, t.whole_.data() + t.whole_at_, n);
    t.whole_at_ += n;
    return n;
  }
  HttpBody& body = *t.request_;
  size_t n = 0;
  while (n != room) {
    const std::span<const uint8_t> piece = body.data();
    const size_t part = std::min(piece.size(), room - n);
    if (part == 0) break;
    std::memcpy(to + n, piece.data(), part);
    body.consumed(part);
    n += part;
  }
  if (n != 0) return n;
  if (const HttpError* error = body.error()) {
    t.error_ = *error;
    return CURL_READFUNC_ABORT;
  }
  if (body.ended()) return 0;
  t.read_paused_ = true;
  body.readable.enter(t.request_waiter_);
  return CURL_READFUNC_PAUSE;
}

int Transfer::on_seek(void* self, curl_off_t offset, int origin) {
  auto& t = *static_cast<Transfer*>(self);
  if (origin != SEEK_SET || offset < 0 || static_cast<uint64_t>(offset) > t.whole_.size()) return CURL_SEEKFUNC_FAIL;
  t.whole_at_ = static_cast<size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

int Transfer::on_trailers(curl_slist** list, void* self) {
  auto& t = *static_cast<Transfer*>(self);
  const HttpFields* trailers = t.request_->trailers();
  for (size_t i = 0; trailers && i < trailers->count(); ++i) {
    const HttpFields::Field f = trailers->at(i);
    const std::string line = std::string(f.name) + ": " + std::string(f.value);
    curl_slist* const longer = t.client_.api().curl_slist_append(*list, line.c_str());
    if (!longer) return CURL_TRAILERFUNC_ABORT;
    *list = longer;
  }
  return CURL_TRAILERFUNC_OK;
}

}  // namespace skiff::wasi
