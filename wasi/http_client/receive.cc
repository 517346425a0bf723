// A response on its way in: its head line by line, its body, its end.
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "wasi/http_client/pending.h"

namespace skiff::wasi {
namespace {

std::string_view trimmed(std::string_view s) {
  const size_t first = s.find_first_not_of(" \t");
  if (first == s.npos) return {};
  return s.substr(first, s.find_last_not_of(" \t") - first + 1);
}

}  // namespace

// Stops libcurl: fewer bytes are taken than were there.
size_t Transfer::refuse(HttpErrorCode code, std::optional<uint64_t> number) {
  error_ = HttpError{code, number};
  return 0;
}

size_t Transfer::on_header(char* bytes, size_t size, size_t count, void* self) {
  std::string_view line(bytes, size * count);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  auto& t = *static_cast<Transfer*>(self);
  return t.head_line(line) == 0 && t.error_ ? 0 : size * count;
}

// One line of a head, or of the trailers. 0: refused.
size_t Transfer::head_line(std::string_view line) {
  // Informational responses and trailers count too: nobody sends lines for ever.
  head_bytes_ += line.size() + HttpFields::kOverhead;
  const uint32_t most = client_.config().fields.bytes;
  if (response_) {
    if (line.empty()) return 1;
    if (head_bytes_ > most) return refuse(HttpErrorCode::ResponseTrailerSectionSize, most);
    if (!trailers_) trailers_.emplace(client_.config().fields);
    return add_field(line);
  }
  if (head_bytes_ > most) return refuse(HttpErrorCode::ResponseHeaderSectionSize, most);
  if (!in_head_) return begin_head(line);
  return line.empty() ? end_head() : add_field(line);
}

bool Transfer::begin_head(std::string_view line) {
  // "HTTP/1.1 200 OK", "HTTP/2 200"
  const size_t space = line.find(' ');
  uint16_t status = 0;
  if (line.starts_with("HTTP/") && space != line.npos)
    std::from_chars(line.data() + space + 1, line.data() + std::min(line.size(), space + 4), status);
  if (status < 100 || status > 999 || status == 101) return refuse(HttpErrorCode::ProtocolError);
  in_head_ = true;
  response_head_ = {status, HttpFields(client_.config().fields)};
  return true;
}

bool Transfer::add_field(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == line.npos) return refuse(HttpErrorCode::ProtocolError);
  HttpFields& fields = response_ ? *trailers_ : response_head_.fields;
  switch (fields.append(line.substr(0, colon), trimmed(line.substr(colon + 1)))) {
    case HttpFields::Outcome::Ok: return true;
    case HttpFields::Outcome::Invalid: return refuse(HttpErrorCode::ProtocolError);
    case HttpFields::Outcome::Full: break;
  }
  return refuse(response_ ? HttpErrorCode::ResponseTrailerSectionSize : HttpErrorCode::ResponseHeaderSectionSize,
                fields.limits().bytes);
}

bool Transfer::end_head() {
  in_head_ = false;
  if (response_head_.status < 200) return true;
  policy_ = nullptr;
  head_bytes_ = 0;
  first_byte_.disarm();
  response_ = HttpBody::create({HttpBody::Of::Response});
  response_->writable.enter(response_waiter_);
  resolve(HttpResponse{std::move(response_head_), response_});
  arm_between_bytes();
  return true;
}

void Transfer::arm_between_bytes() {
  client_.reactor().arm(between_bytes_, deadline_from_now(timeout(&HttpRequestOptions::between_bytes_timeout)));
}

size_t Transfer::on_write(char* bytes, size_t size, size_t count, void* self) {
  return static_cast<Transfer*>(self)->body_bytes(bytes, size * count);
}

size_t Transfer::body_bytes(const char* bytes, size_t size) {
  if (!response_) return refuse(HttpErrorCode::ProtocolError);
  if (response_->closed()) return refuse(HttpErrorCode::ConnectionTerminated);
  if (response_->room() < size) {
    // The guest is slow, not the server.
    between_bytes_.disarm();
    write_paused_ = true;
    write_needs_ = size;
    return CURL_WRITEFUNC_PAUSE;
  }
  arm_between_bytes();
  for (size_t at = 0; at != size;) {
    const std::span<uint8_t> space = response_->space();
    const size_t n = std::min(space.size(), size - at);
    std::memcpy(space.data(), bytes + at, n);
    response_->produced(n);
    at += n;
  }
  return size;
}

// ---- the end

void Transfer::fire_first_byte(void* self) {
  auto& t = *static_cast<Transfer*>(self);
  t.error_ = HttpError{t.state_ == State::LooksUp ? HttpErrorCode::DnsTimeout : HttpErrorCode::ConnectionReadTimeout};
  t.end(*t.error_);
  t.client_.schedule(t);
}

void Transfer::fire_between_bytes(void* self) {
  auto& t = *static_cast<Transfer*>(self);
  t.end({HttpErrorCode::ConnectionReadTimeout});
  t.client_.schedule(t);
}

void Transfer::done(CURLcode code) {
  if (ended()) return;
  if (code != CURLE_OK || !response_) return end(error_of(code));
  state_ = State::Ended;
  static_cast<void>(response_->finish(std::move(trailers_)));
  close();
}

void Transfer::end(HttpError error) {
  if (ended()) return;
  state_ = State::Ended;
  if (response_) response_->fail(std::move(error));
  else resolve(std::unexpected(std::move(error)));
  close();
}

void Transfer::resolve(HttpResult<HttpResponse> result) {
  if (Pending* const pending = std::exchange(pending_, nullptr)) pending->give(std::move(result));
}

void Transfer::close() {
  if (pending_) resolve(http_fail(HttpErrorCode::ConnectionTerminated));
  if (request_) request_->close();
  request_waiter_.leave();
  response_waiter_.leave();
  lookup_watch_.disarm();
  lookup_.reset();
  first_byte_.disarm();
  between_bytes_.disarm();
  if (easy_) {
    client_.api().curl_multi_remove_handle(client_.multi(), easy_);
    client_.give_back(std::exchange(easy_, nullptr));
  }
  client_.api().curl_slist_free_all(std::exchange(fields_, nullptr));
  client_.api().curl_slist_free_all(std::exchange(resolved_, nullptr));
}

HttpError Transfer::error_of(CURLcode code) {
  if (error_) return *error_;
  long os_error = 0;
  client_.api().curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &os_error);
  switch (code) {
    case CURLE_OK: return {HttpErrorCode::ResponseIncomplete};
    case CURLE_COULDNT_RESOLVE_HOST: return {HttpErrorCode::DnsError};
    case CURLE_URL_MALFORMAT: return {HttpErrorCode::RequestUriInvalid};
    case CURLE_COULDNT_CONNECT:
      if (os_error == ENETUNREACH || os_error == EHOSTUNREACH) return {HttpErrorCode::DestinationIpUnroutable};
      return {HttpErrorCode::ConnectionRefused};
    case CURLE_OPERATION_TIMEDOUT: return {HttpErrorCode::ConnectionTimeout};
    case CURLE_PARTIAL_FILE: return {HttpErrorCode::ResponseIncomplete};
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER: return {HttpErrorCode::TlsProtocolError};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR: return {HttpErrorCode::TlsCertificateError};
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_FAIL_REWIND: return {HttpErrorCode::ConnectionTerminated};
    case CURLE_OUT_OF_MEMORY: return {HttpErrorCode::InternalError, {}, "out of memory"};
    default: return {HttpErrorCode::ProtocolError};
  }
}

}  // namespace skiff::wasi
