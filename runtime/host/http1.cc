// HTTP/1.x on a connection: one request after the other. Of pipelined requests the next one is looked at when the answer
// before it has been written. Bodies go both ways at once, through bounded buffers.
// Spec: RFC 9112
#include <charconv>

#include "engine/base/check.h"
#include "runtime/host/connection.h"
#include "wasi/os/clock.h"

namespace skiff::host {
namespace {

// What is read and dropped of a request's body that nobody wanted, to use the connection again.
constexpr uint64_t kDiscard = 256 << 10;

class Http1 final : public Protocol, public ExchangeClient {
 public:
  explicit Http1(Connection& connection)
      : connection_(connection),
        readable_(&Http1::woken, this),
        writable_(&Http1::woken, this) {}
  ~Http1() override { leave(false); }

  bool wants_input() const override { return !finished_ && !(exchange_ && parser_ && body_full_); }
  bool process(Input& in) override;
  wasi::Io<bool> produce(Transport& out, bool& blocked) override;
  Waiting waiting() const override;
  uint64_t begun() const override { return begun_; }
  void timed_out(Waiting what) override;
  void drain() override {
    draining_ = true;
    if (!exchange_ && !(parser_ && parser_->got_some()) && out_.empty()) finished_ = true;
  }
  bool finished() const override { return finished_ && out_.empty(); }

  void answered() override { connection_.wake(); }
  bool inform(wasi::HttpResponseHead response) override;

 private:
  static void woken(void* data) { static_cast<Http1*>(data)->connection_.wake(); }

  // What is being written: bytes of our own, then a piece of the body, then bytes of our own.
  struct Out {
    std::string prefix;
    size_t prefix_done = 0;
    size_t piece = 0;
    std::string suffix;
    size_t suffix_done = 0;
    bool empty() const { return prefix_done == prefix.size() && piece == 0 && suffix_done == suffix.size(); }
    void clear() {
      prefix.clear(), suffix.clear();
      prefix_done = suffix_done = 0;
    }
  };
  enum class Framing : uint8_t { None, Length, Chunks, Close };

  bool read_head(Input& in);
  bool read_body(Input& in);
  void begin();
  void refuse();
  void fill();
  void put_head(const wasi::HttpResponseHead& response);
  void put_fields(const wasi::HttpFields& fields);
  void put_body();
  void end_response();
  void abort();
  void leave(bool complete);
  wasi::HttpBody& answer_body() { return *exchange_->response_body(); }

  Connection& connection_;
  std::optional<Http1Parser> parser_;
  std::shared_ptr<Exchange> exchange_;
  wasi::Signal::Waiter readable_;      // of the answer's body
  wasi::Signal::Waiter writable_;      // of the request's body
  Out out_;
  Framing framing_ = Framing::None;
  uint16_t status_ = 0;
  bool head_sent_ = false;
  bool answer_over_ = false;           // but for the request's body
  bool discarding_ = false;            // that
  bool keep_alive_ = false;
  bool body_full_ = false;
  bool body_lost_ = false;             // the request's body will not be complete
  bool draining_ = false;
  bool finished_ = false;
  bool reset_ = false;
  uint64_t discarded_ = 0;
  uint64_t begun_ = 0;
};

// ---- requests

bool Http1::process(Input& in) {
  if (finished_) return false;
  return exchange_ ? read_body(in) : read_head(in);
}

bool Http1::read_head(Input& in) {
  if (draining_ && in.data().empty() && !(parser_ && parser_->got_some())) return finished_ = true;
  if (!parser_) {
    // Spec: RFC 9112 2.2: empty lines before a request are ignored
    while (!in.data().empty() && (in.data()[0] == '\r' || in.data()[0] == '\n')) in.use(1);
    if (in.data().empty()) {
      if (in.ended) finished_ = true;
      return in.ended;
    }
    parser_.emplace(connection_.owner().limits().http);
  }
  size_t used = 0;
  const Http1Parser::Step step = parser_->feed(in.data(), used);
  in.use(used);
  switch (step) {
    case Http1Parser::Step::Head:
      begin();
      return true;
    case Http1Parser::Step::Bad:
      refuse();
      return true;
    default:
      if (in.ended) return finished_ = true;
      if (in.full()) {
        parser_->refuse(431, "the head is too large");
        refuse();
        return true;
      }
      return used != 0;
  }
}

void Http1::begin() {
  ++begun_;
  status_ = 0;
  head_sent_ = answer_over_ = body_full_ = body_lost_ = discarding_ = false;
  discarded_ = 0;
  keep_alive_ = parser_->keep_alive();
  wasi::HttpRequestHead head = std::move(parser_->head());
  head.scheme.emplace();
  head.scheme->kind = connection_.secure() ? wasi::HttpScheme::Kind::Https : wasi::HttpScheme::Kind::Http;
  std::shared_ptr<wasi::HttpBody> body;
  if (parser_->has_body()) {
    body = wasi::HttpBody::create({.of = wasi::HttpBody::Of::Request,
                                   .length = parser_->content_length(),
                                   .capacity = connection_.owner().limits().body_buffer});
  } else {
    body = wasi::HttpBody::empty(wasi::HttpBody::Of::Request);
  }
  parser_->set_body(parser_->has_body() ? body : nullptr);
  const std::string host = head.authority.value_or("");
  exchange_ = std::make_shared<Exchange>(std::move(head), std::move(body), this);
  ExchangeRecord& record = exchange_->record;
  record.peer = connection_.peer();
  record.method = parser_->method();
  record.target = parser_->target();
  record.host = host;
  record.protocol = parser_->version_1_1() ? "HTTP/1.1" : "HTTP/1.0";
  record.began_ns = wasi::host_monotonic_ns();
  connection_.owner().handle(exchange_);
  if (parser_->expects_continue() && parser_->has_body() && !exchange_->answered())
    out_.prefix += "HTTP/1.1 100 Continue\r\n\r\n";
  if (exchange_->answered()) connection_.wake();
}

// A request that is none: an answer of ours, and the connection's end.
void Http1::refuse() {
  if (!exchange_) {
    ++begun_;
    status_ = 0;
    head_sent_ = answer_over_ = body_full_ = discarding_ = false;
    exchange_ = std::make_shared<Exchange>(wasi::HttpRequestHead(),
                                           wasi::HttpBody::empty(wasi::HttpBody::Of::Request), this);
    exchange_->record.peer = connection_.peer();
    exchange_->record.method = parser_ && !parser_->method().empty() ? parser_->method() : "-";
    exchange_->record.target = parser_ && !parser_->target().empty() ? parser_->target() : "-";
    exchange_->record.protocol = "HTTP/1.1";
    exchange_->record.began_ns = wasi::host_monotonic_ns();
  }
  keep_alive_ = false;
  body_lost_ = true;
  exchange_->answer(parser_->status(), std::to_string(parser_->status()) + " " + parser_->reason());
}

bool Http1::read_body(Input& in) {
  body_full_ = false;
  if (body_lost_ || parser_->done()) return false;
  if (in.data().empty() && !in.ended) return false;
  size_t used = 0;
  const Http1Parser::Step step = parser_->feed(in.data(), used);
  in.use(used);
  if (answer_over_) discarded_ += used;
  switch (step) {
    case Http1Parser::Step::Done:
      if (answer_over_) leave(true);
      return true;
    case Http1Parser::Step::Full:
      body_full_ = true;
      exchange_->body->writable.enter(writable_);
      return used != 0;
    case Http1Parser::Step::Bad:
      body_lost_ = true;
      keep_alive_ = false;
      exchange_->body->fail({wasi::HttpErrorCode::ProtocolError});
      if (!exchange_->answered()) refuse();
      if (answer_over_) leave(true);
      return true;
    default:
      if (in.ended || in.full() || discarded_ > kDiscard) {
        body_lost_ = true;
        keep_alive_ = false;
        exchange_->body->fail({wasi::HttpErrorCode::ConnectionTerminated});
        if (answer_over_) leave(true);
        return true;
      }
      return used != 0;
  }
}

Waiting Http1::waiting() const {
  if (finished_) return Waiting::Closing;
  if (!exchange_) return parser_ && parser_->got_some() ? Waiting::Head : Waiting::Request;
  if (parser_ && !parser_->done() && !body_full_ && !body_lost_) return Waiting::Body;
  return Waiting::Nothing;
}

void Http1::timed_out(Waiting what) {
  keep_alive_ = false;
  if (what == Waiting::Head && parser_) {
    out_.prefix += "HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    finished_ = true;
  } else if (what == Waiting::Body && exchange_) {
    body_lost_ = true;
    exchange_->body->fail({wasi::HttpErrorCode::ConnectionReadTimeout});
    exchange_->answer(408, "the request's body did not come in time");
    if (answer_over_) leave(true);
  } else {
    finished_ = true;
  }
}

// ---- answers

bool Http1::inform(wasi::HttpResponseHead response) {
  if (!parser_ || !parser_->version_1_1()) return false;
  out_.prefix += "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(reason_of(response.status)) + "\r\n";
  put_fields(response.fields);
  out_.prefix += "\r\n";
  connection_.wake();
  return true;
}

void Http1::put_fields(const wasi::HttpFields& fields) {
  for (size_t i = 0; i < fields.count(); ++i) {
    const auto [name, value] = fields.at(i);
    // What frames the message is ours.
    if (wasi::is_forbidden_field(name) || wasi::equal_ignoring_case(name, "content-length") ||
        wasi::equal_ignoring_case(name, "trailer"))
      continue;
    out_.prefix.append(name).append(": ").append(value).append("\r\n");
  }
}

void Http1::put_head(const wasi::HttpResponseHead& response) {
  head_sent_ = true;
  status_ = response.status;
  wasi::HttpBody& body = answer_body();
  const bool head_request = parser_ && parser_->head_request();
  const bool bodyless = status_ == 204 || status_ == 304 || status_ < 200;
  const bool v11 = parser_ && parser_->version_1_1();
  std::optional<uint64_t> length = body.length();
  if (!length && body.ended() && !body.error() && !body.trailers()) length = body.buffered();
  if (draining_) keep_alive_ = false;
  if (head_request || bodyless) framing_ = Framing::None;
  else if (length) framing_ = Framing::Length;
  else framing_ = v11 ? Framing::Chunks : Framing::Close;
  if (framing_ == Framing::Close) keep_alive_ = false;

  std::string& out = out_.prefix;
  const std::string_view reason = reason_of(status_);
  char number[24];
  const auto decimal = [&](uint64_t n) {
    return std::string_view(number, std::to_chars(number, number + sizeof number, n).ptr);
  };
  out.append("HTTP/1.1 ").append(decimal(status_)).append(" ").append(reason).append("\r\n");
  put_fields(response.fields);
  if (!response.fields.has("date")) out.append(connection_.owner().date_line());
  if (framing_ == Framing::Length || (length && (head_request || status_ == 304))) {
    // Of a HEAD request nobody knows how long the answer would have been, but the guest.
    std::optional<uint64_t> told = length;
    if (framing_ == Framing::None && !body.length()) (void)response.fields.content_length(told = std::nullopt);
    if (told) out.append("content-length: ").append(decimal(*told)).append("\r\n");
  }
  if (framing_ == Framing::Chunks) out.append("transfer-encoding: chunked\r\n");
  if (!keep_alive_) out.append("connection: close\r\n");
  else if (!v11) out.append("connection: keep-alive\r\n");
  out.append("\r\n");
  if (framing_ == Framing::None) body.discard();
}

// The next piece of the body, with what frames it.
void Http1::put_body() {
  wasi::HttpBody& body = answer_body();
  const size_t piece = framing_ == Framing::None ? 0 : body.data().size();
  const bool last = body.ended() && body.buffered() == piece;
  if (body.error() && last && piece == 0) return abort();
  if (piece == 0 && !last) {
    body.readable.enter(readable_);
    return;
  }
  out_.piece = piece;
  if (framing_ == Framing::Chunks) {
    if (piece != 0) {
      char hex[20];
      const auto end = std::to_chars(hex, hex + sizeof hex, piece, 16).ptr;
      out_.prefix.append(hex, end).append("\r\n");
      out_.suffix = "\r\n";
    }
    if (last && !body.error()) {
      out_.suffix += "0\r\n";
      if (const wasi::HttpFields* trailers = body.trailers()) {
        for (size_t i = 0; i < trailers->count(); ++i) {
          const auto [name, value] = trailers->at(i);
          out_.suffix.append(name).append(": ").append(value).append("\r\n");
        }
      }
      out_.suffix += "\r\n";
    }
  }
  if (last && !body.error()) answer_over_ = true;
}

// The answer is cut short. The client sees that: chunks without an end, too few bytes, or a reset.
void Http1::abort() {
  if (!head_sent_) return;
  keep_alive_ = false;
  finished_ = reset_ = true;
  leave(false);
}

void Http1::fill() {
  if (!exchange_ || answer_over_ || !exchange_->response()) return;
  if (!head_sent_) {
    wasi::HttpBody& body = answer_body();
    if (body.error() && body.buffered() == 0) {
      // Nothing was sent: there still can be a proper answer.
      framing_ = Framing::Length;
      keep_alive_ = keep_alive_ && !draining_;
      status_ = 500;
      head_sent_ = answer_over_ = true;
      out_.prefix += "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n";
      out_.prefix += keep_alive_ ? "\r\n" : "connection: close\r\n\r\n";
      return;
    }
    put_head(*exchange_->response());
  }
  put_body();
}

wasi::Io<bool> Http1::produce(Transport& out, bool& blocked) {
  bool any = false;
  for (;;) {
    if (out_.empty()) {
      out_.clear();
      if (answer_over_ && exchange_ && !discarding_) {
        end_response();
        any = true;
      }
      fill();
      if (reset_) {
        out.reset_on_close();
        return wasi::io_fail(wasi::Errno::Pipe);
      }
      if (out_.empty()) {
        // A body of nothing may have ended the answer.
        if (answer_over_ && exchange_ && !discarding_) continue;
        return any;
      }
    }
    const std::span<const uint8_t> piece =
        out_.piece ? answer_body().data().first(out_.piece) : std::span<const uint8_t>();
    const iovec parts[] = {
        {out_.prefix.data() + out_.prefix_done, out_.prefix.size() - out_.prefix_done},
        {const_cast<uint8_t*>(piece.data()), piece.size()},
        {out_.suffix.data() + out_.suffix_done, out_.suffix.size() - out_.suffix_done},
    };
    const auto n = out.write(parts);
    if (!n && n.error() == wasi::Errno::Again) {
      blocked = true;
      return any;
    }
    if (!n) return wasi::io_fail(n.error());
    any = true;
    size_t left = *n;
    const auto take = [&left](size_t most) {
      const size_t taken = std::min(left, most);
      left -= taken;
      return taken;
    };
    out_.prefix_done += take(parts[0].iov_len);
    if (const size_t taken = take(out_.piece)) {
      out_.piece -= taken;
      exchange_->record.sent_bytes += taken;
      answer_body().consumed(taken);
    }
    out_.suffix_done += take(parts[2].iov_len);
  }
}

// Everything was written. The next request begins when this one's body has been read, if that is worth it.
void Http1::end_response() {
  const bool rest = parser_ && !parser_->done() && !body_lost_;
  if (draining_) keep_alive_ = false;
  if (!keep_alive_ || !rest) return leave(true);
  discarding_ = true;
  exchange_->body->discard();
  parser_->set_body(nullptr);
  body_full_ = false;
}

void Http1::leave(bool complete) {
  readable_.leave();
  writable_.leave();
  if (!exchange_) return;
  const std::shared_ptr<Exchange> exchange = std::move(exchange_);
  exchange_.reset();
  parser_.reset();
  exchange->detach();
  connection_.owner().over(*exchange, status_, complete);
  if (!keep_alive_) finished_ = true;
}

}  // namespace

std::unique_ptr<Protocol> make_http1(Connection& connection) { return std::make_unique<Http1>(connection); }

}  // namespace skiff::host
