// Answers on their way.
#include "runtime/host/exchange.h"

#include <cstring>

namespace skiff::host {

void Exchange::on_response(wasi::HttpResponseHead response, std::shared_ptr<wasi::HttpBody> response_body) {
  response_ = std::move(response);
  response_body_ = std::move(response_body);
  if (client_) client_->answered();
  else drop_response();
}

void Exchange::on_failure(wasi::HttpError error) {
  const uint16_t status = wasi::status_of(error.code);
  std::string text = "the application failed: ";
  text += wasi::name_of(error.code);
  wasi::HttpResponseHead response;
  response.status = status == 400 ? uint16_t{500} : status;
  auto body = wasi::HttpBody::create({.of = wasi::HttpBody::Of::Response, .length = text.size() + 1, .capacity = 4096});
  text += '\n';
  const std::span<uint8_t> space = body->space();
  std::memcpy(space.data(), text.data(), text.size());
  body->produced(text.size());
  (void)body->finish();
  (void)response.fields.append("content-type", "text/plain");
  on_response(std::move(response), std::move(body));
}

void Exchange::answer(uint16_t status, std::string_view text) {
  if (answered()) return;
  wasi::HttpResponseHead response;
  response.status = status;
  (void)response.fields.append("content-type", "text/plain; charset=utf-8");
  auto body = wasi::HttpBody::create(
      {.of = wasi::HttpBody::Of::Response, .length = text.size() + 1, .capacity = text.size() + 1});
  while (!text.empty()) {
    const std::span<uint8_t> space = body->space();
    const size_t n = std::min(space.size(), text.size());
    std::memcpy(space.data(), text.data(), n);
    body->produced(n);
    text.remove_prefix(n);
  }
  if (const std::span<uint8_t> space = body->space(); !space.empty()) {
    space[0] = '\n';
    body->produced(1);
  }
  (void)body->finish();
  respond(std::move(response), std::move(body));
}

void Exchange::detach() {
  client_ = nullptr;
  body->fail({wasi::HttpErrorCode::ConnectionTerminated});
  drop_response();
}

std::string_view reason_of(uint16_t status) {
  switch (status) {
    case 100: return "Continue";
    case 103: return "Early Hints";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 418: return "I'm a teapot";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "";
  }
}

}  // namespace skiff::host
