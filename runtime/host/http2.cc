// HTTP/2 on a connection: nghttp2 does framing, HPACK, flow control and the states of streams; here is what streams are to
// exchanges, with bounded buffers: a stream's window opens as its body is read, and its answer is taken from the
// guest as the client reads.
// Spec: RFC 9113
#include <nghttp2/nghttp2.h>

#include <charconv>
#include <cstring>
#include <unordered_map>

#include "runtime/host/connection.h"
#include "wasi/os/clock.h"

namespace skiff::host {
namespace {

// What is sent at once before the socket is asked again.
constexpr size_t kBatch = 64 << 10;
// Resets, settings and pings of a client that does little else: more than so many for each request it finishes are an
// attack (CVE-2023-44487 and its relatives).
constexpr int64_t kMisbehaviour = 1000;

class Http2;

class Http2Stream final : public ExchangeClient {
 public:
  Http2Stream(Http2& connection, int32_t id);
  ~Http2Stream() override;

  void answered() override;
  bool inform(wasi::HttpResponseHead response) override;

  void add_field(std::string_view name, std::string_view value);
  void begin(bool ends);
  /// False: the client sent more than its window.
  bool add_data(std::span<const uint8_t> bytes);
  void end_of_request();
  /// Gives room for what the guest has read.
  void open_window();
  void submit();
  ssize_t next_data(uint8_t* to, size_t most, uint32_t* flags);
  void leave(bool complete);

  Http2& connection;
  const int32_t id;
  std::shared_ptr<Exchange> exchange;
  bool submitted = false;
  bool deferred = false;           // its data is waited for
  bool resume = false;
  bool trailers_now = false;

 private:
  static void body_readable(void* data);
  static void body_writable(void* data);
  void refuse(uint16_t status, const char* why);

  wasi::HttpRequestHead head_;
  std::string method_, path_;
  uint16_t refused_ = 0;
  const char* why_ = "";
  uint16_t status_ = 0;
  bool no_body_ = false;
  bool aborted_ = false;
  size_t received_ = 0;            // bytes of the window that were not given back
  wasi::Signal::Waiter readable_;  // of the answer's body
  wasi::Signal::Waiter writable_;  // of the request's
};

class Http2 final : public Protocol {
 public:
  explicit Http2(Connection& connection);
  ~Http2() override;

  bool wants_input() const override { return !finished_ && out_.size() - out_done_ < kBatch * 4; }
  bool process(Input& in) override;
  wasi::Io<bool> produce(Transport& out, bool& blocked) override;
  Waiting waiting() const override;
  uint64_t begun() const override { return begun_; }
  void timed_out(Waiting what) override;
  void drain() override;
  bool finished() const override {
    return finished_ || (!nghttp2_session_want_read(session_) && !nghttp2_session_want_write(session_) && out_.empty());
  }

  Connection& connection() { return connection_; }
  nghttp2_session* session() { return session_; }
  /// Something about the stream has changed; looked at soon.
  void note(Http2Stream& stream) {
    changed_.push_back(stream.id);
    connection_.wake();
  }
  Http2Stream* stream(int32_t id) {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second.get();
  }
  void began() { ++begun_; }
  bool misbehaves(int64_t points);

 private:
  static int on_begin(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                       const uint8_t* value, size_t value_size, uint8_t flags, void* self);
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int on_data(nghttp2_session*, uint8_t flags, int32_t id, const uint8_t* data, size_t size, void* self);
  static int on_close(nghttp2_session*, int32_t id, uint32_t error, void* self);
  bool settle();

  Connection& connection_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<int32_t, std::unique_ptr<Http2Stream>> streams_;
  std::vector<int32_t> changed_;
  std::string out_;
  size_t out_done_ = 0;
  uint64_t begun_ = 0;
  int64_t misbehaviour_ = 0;
  bool draining_ = false;
  bool finished_ = false;
};

std::string_view view(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }

nghttp2_nv pair_of(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view s) { return reinterpret_cast<uint8_t*>(const_cast<char*>(s.data())); };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

std::string lower_of(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return result;
}

// Fields as the protocol wants them: names in lower case, none of the transport's.
class FieldList {
 public:
  void add(std::string_view name, std::string_view value) {
    names_.push_back(lower_of(name));
    values_.emplace_back(value);
  }
  void add(const wasi::HttpFields& fields, bool skip_length) {
    for (size_t i = 0; i < fields.count(); ++i) {
      const auto [name, value] = fields.at(i);
      if (wasi::is_forbidden_field(name) || wasi::equal_ignoring_case(name, "te")) continue;
      if (skip_length && wasi::equal_ignoring_case(name, "content-length")) continue;
      add(name, value);
    }
  }
  std::vector<nghttp2_nv> pairs() const {
    std::vector<nghttp2_nv> result;
    for (size_t i = 0; i < names_.size(); ++i) result.push_back(pair_of(names_[i], values_[i]));
    return result;
  }

 private:
  std::vector<std::string> names_, values_;
};

// ---- streams

Http2Stream::Http2Stream(Http2& connection, int32_t id)
    : connection(connection),
      id(id),
      readable_(&Http2Stream::body_readable, this),
      writable_(&Http2Stream::body_writable, this) {
  const HttpLimits& limits = connection.connection().owner().limits().http;
  head_.fields = wasi::HttpFields({.bytes = limits.head_bytes + limits.head_fields * wasi::HttpFields::kOverhead,
                                   .count = limits.head_fields});
}

Http2Stream::~Http2Stream() { leave(false); }

void Http2Stream::leave(bool complete) {
  readable_.leave();
  writable_.leave();
  if (!exchange) return;
  const std::shared_ptr<Exchange> gone = std::move(exchange);
  exchange.reset();
  gone->detach();
  connection.connection().owner().over(*gone, status_, complete && !aborted_);
}

void Http2Stream::body_readable(void* data) {
  auto& self = *static_cast<Http2Stream*>(data);
  self.resume = true;
  self.connection.note(self);
}
void Http2Stream::body_writable(void* data) {
  auto& self = *static_cast<Http2Stream*>(data);
  self.connection.note(self);
}
void Http2Stream::answered() { connection.note(*this); }

void Http2Stream::refuse(uint16_t status, const char* why) {
  if (refused_ != 0) return;
  refused_ = status;
  why_ = why;
}

// Order, pseudo-fields and syntax were checked by nghttp2.
void Http2Stream::add_field(std::string_view name, std::string_view value) {
  if (!name.starts_with(':')) {
    if (name == "host" && !head_.authority) head_.authority = std::string(value);
    if (head_.fields.append(name, value) != wasi::HttpFields::Outcome::Ok)
      refuse(wasi::HttpFields::valid(name, value) ? 431 : 400, "bad or too many header fields");
  } else if (name == ":method") {
    method_ = value;
    if (const auto method = wasi::HttpMethod::parse(value)) head_.method = *method;
    else refuse(400, "bad method");
  } else if (name == ":path") {
    path_ = value;
    if (wasi::is_http_path_with_query(value) && !value.empty()) head_.path_with_query = std::string(value);
    else refuse(400, "bad path");
  } else if (name == ":authority") {
    if (wasi::HttpAuthority::parse(value)) head_.authority = std::string(value);
    else refuse(400, "bad authority");
  }
}

void Http2Stream::begin(bool ends) {
  connection.began();
  Connection& c = connection.connection();
  if (head_.method.kind == wasi::HttpMethod::Kind::Connect) refuse(501, "CONNECT");
  head_.scheme.emplace();
  head_.scheme->kind = c.secure() ? wasi::HttpScheme::Kind::Https : wasi::HttpScheme::Kind::Http;
  std::optional<uint64_t> length;
  if (!head_.fields.content_length(length)) refuse(400, "bad content-length");
  if (length && *length > c.owner().limits().http.body_bytes) refuse(413, "the body is too large");
  auto body = ends ? wasi::HttpBody::empty(wasi::HttpBody::Of::Request)
                   : wasi::HttpBody::create({.of = wasi::HttpBody::Of::Request,
                                             .length = length,
                                             .capacity = c.owner().limits().body_buffer});
  const std::string host = head_.authority.value_or("");
  exchange = std::make_shared<Exchange>(std::move(head_), std::move(body), this);
  ExchangeRecord& record = exchange->record;
  record.peer = c.peer();
  record.method = method_;
  record.target = path_;
  record.host = host;
  record.protocol = "HTTP/2";
  record.began_ns = wasi::host_monotonic_ns();
  if (refused_ != 0) exchange->answer(refused_, why_);
  else c.owner().handle(exchange);
  if (!ends && exchange) exchange->body->writable.enter(writable_);
}

bool Http2Stream::add_data(std::span<const uint8_t> bytes) {
  received_ += bytes.size();
  if (!exchange) return true;
  wasi::HttpBody& body = *exchange->body;
  const uint64_t limit = connection.connection().owner().limits().http.body_bytes;
  if (body.written() + bytes.size() > limit) {
    body.fail({wasi::HttpErrorCode::RequestBodySize, limit});
    exchange->answer(413, "the body is too large");
  }
  while (!bytes.empty() && !body.closed() && !body.ended()) {
    const std::span<uint8_t> space = body.space();
    if (space.empty()) return body.closed() || body.ended();
    const size_t n = std::min(space.size(), bytes.size());
    std::memcpy(space.data(), bytes.data(), n);
    body.produced(n);
    bytes = bytes.subspan(n);
  }
  connection.note(*this);
  return true;
}

void Http2Stream::end_of_request() {
  if (exchange) (void)exchange->body->finish();
}

void Http2Stream::open_window() {
  const size_t kept = exchange && !exchange->body->closed() ? exchange->body->buffered() : 0;
  if (exchange && !exchange->body->ended()) exchange->body->writable.enter(writable_);
  if (received_ <= kept) return;
  const size_t n = received_ - kept;
  received_ = kept;
  nghttp2_session_consume(connection.session(), id, n);
}

bool Http2Stream::inform(wasi::HttpResponseHead response) {
  FieldList fields;
  fields.add(":status", std::to_string(response.status));
  fields.add(response.fields, true);
  const std::vector<nghttp2_nv> pairs = fields.pairs();
  const bool done = nghttp2_submit_headers(connection.session(), NGHTTP2_FLAG_NONE, id, nullptr, pairs.data(),
                                           pairs.size(), nullptr) == 0;
  connection.note(*this);
  return done;
}

// The answer's head; its data is asked for as it can be sent.
void Http2Stream::submit() {
  if (submitted || !exchange || !exchange->response()) return;
  submitted = true;
  const wasi::HttpResponseHead& response = *exchange->response();
  wasi::HttpBody& body = *exchange->response_body();
  status_ = response.status;
  FieldList fields;
  if (body.error() && body.buffered() == 0) {
    status_ = 500;
    no_body_ = true;
    fields.add(":status", "500");
    body.discard();
  } else {
    std::optional<uint64_t> length = body.length();
    if (!length && body.ended() && !body.error() && !body.trailers()) length = body.buffered();
    no_body_ = method_ == "HEAD" || status_ == 204 || status_ == 304;
    if (no_body_ && !body.length()) length.reset();
    fields.add(":status", std::to_string(status_));
    fields.add(response.fields, true);
    if (!response.fields.has("date")) {
      std::string_view date = connection.connection().owner().date_line();
      date.remove_prefix(6);
      date.remove_suffix(2);
      fields.add("date", date);
    }
    if (length && status_ != 204) fields.add("content-length", std::to_string(*length));
    if (no_body_) body.discard();
  }
  const std::vector<nghttp2_nv> pairs = fields.pairs();
  nghttp2_data_provider provider = {};
  provider.source.ptr = this;
  provider.read_callback = [](nghttp2_session*, int32_t, uint8_t* to, size_t most, uint32_t* flags,
                              nghttp2_data_source* source, void*) {
    return static_cast<Http2Stream*>(source->ptr)->next_data(to, most, flags);
  };
  const bool nothing = no_body_ || (body.complete() && !body.trailers());
  nghttp2_submit_response(connection.session(), id, pairs.data(), pairs.size(), nothing ? nullptr : &provider);
}

ssize_t Http2Stream::next_data(uint8_t* to, size_t most, uint32_t* flags) {
  if (!exchange) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  wasi::HttpBody& body = *exchange->response_body();
  size_t done = 0;
  while (done < most) {
    const std::span<const uint8_t> piece = body.data();
    if (piece.empty()) break;
    const size_t n = std::min(piece.size(), most - done);
    std::memcpy(to + done, piece.data(), n);
    body.consumed(n);
    done += n;
  }
  exchange->record.sent_bytes += done;
  if (body.complete()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (const wasi::HttpFields* trailers = body.trailers(); trailers && !trailers->empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      trailers_now = true;
      connection.note(*this);
    }
    return static_cast<ssize_t>(done);
  }
  if (done != 0) return static_cast<ssize_t>(done);
  if (body.error()) {
    aborted_ = true;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;   // resets the stream
  }
  deferred = true;
  body.readable.enter(readable_);
  return NGHTTP2_ERR_DEFERRED;
}

// ---- the connection

Http2::Http2(Connection& connection) : connection_(connection) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* options = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&options) != 0) {
    finished_ = true;
  } else {
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &Http2::on_begin);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &Http2::on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &Http2::on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &Http2::on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &Http2::on_close);
    const ConnectionLimits& limits = connection.owner().limits();
    nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_option_set_no_closed_streams(options, 1);
    nghttp2_option_set_max_outbound_ack(options, 100);
    nghttp2_option_set_max_send_header_block_length(options, 256 << 10);
    if (nghttp2_session_server_new2(&session_, callbacks, this, options) != 0) finished_ = true;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<uint32_t>(std::min<size_t>(limits.body_buffer, 1 << 30))},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.http.head_bytes},
        {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 0},
    };
    if (!finished_) nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
    // Streams have windows of their own; that of the connection only must not be what all of them wait for.
    const uint64_t window = std::min<uint64_t>(uint64_t{limits.streams} * limits.body_buffer, 0x7FFF'FFFF);
    if (!finished_) nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, static_cast<int32_t>(window));
  }
  if (callbacks) nghttp2_session_callbacks_del(callbacks);
  if (options) nghttp2_option_del(options);
}

Http2::~Http2() {
  streams_.clear();
  if (session_) nghttp2_session_del(session_);
}

bool Http2::misbehaves(int64_t points) {
  misbehaviour_ = std::max<int64_t>(0, misbehaviour_ + points);
  return misbehaviour_ > kMisbehaviour;
}

int Http2::on_begin(nghttp2_session*, const nghttp2_frame* frame, void* data) {
  auto& self = *static_cast<Http2*>(data);
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  const int32_t id = frame->hd.stream_id;
  if (self.draining_) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  self.streams_.emplace(id, std::make_unique<Http2Stream>(self, id));
  return 0;
}

int Http2::on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                     const uint8_t* value, size_t value_size, uint8_t, void* data) {
  auto& self = *static_cast<Http2*>(data);
  Http2Stream* stream = self.stream(frame->hd.stream_id);
  // Trailers of requests are not passed on.
  if (stream && !stream->exchange) stream->add_field(view(name, name_size), view(value, value_size));
  return 0;
}

int Http2::on_frame(nghttp2_session*, const nghttp2_frame* frame, void* data) {
  auto& self = *static_cast<Http2*>(data);
  const uint8_t type = frame->hd.type;
  if (type == NGHTTP2_RST_STREAM || type == NGHTTP2_PING || type == NGHTTP2_SETTINGS || type == NGHTTP2_PRIORITY)
    if (self.misbehaves(type == NGHTTP2_RST_STREAM ? 10 : 1)) return NGHTTP2_ERR_CALLBACK_FAILURE;
  Http2Stream* stream = self.stream(frame->hd.stream_id);
  if (!stream || (type != NGHTTP2_HEADERS && type != NGHTTP2_DATA)) return 0;
  const bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
  // Frames that carry nothing cost the client nothing.
  if (type == NGHTTP2_DATA && frame->hd.length == 0 && !ends && self.misbehaves(1)) return NGHTTP2_ERR_CALLBACK_FAILURE;
  if (type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) stream->begin(ends);
  else if (ends) stream->end_of_request();
  return 0;
}

int Http2::on_data(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data, size_t size, void* self_) {
  auto& self = *static_cast<Http2*>(self_);
  Http2Stream* stream = self.stream(id);
  if (!stream) {
    nghttp2_session_consume(session, id, size);
    return 0;
  }
  return stream->add_data({data, size}) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

int Http2::on_close(nghttp2_session* session, int32_t id, uint32_t error, void* data) {
  auto& self = *static_cast<Http2*>(data);
  Http2Stream* stream = self.stream(id);
  if (!stream) return 0;
  if (error == NGHTTP2_NO_ERROR) (void)self.misbehaves(-20);
  stream->open_window();
  stream->leave(error == NGHTTP2_NO_ERROR);
  self.streams_.erase(id);
  return 0;
}

bool Http2::process(Input& in) {
  if (finished_) return false;
  bool any = false;
  if (!in.data().empty()) {
    const ssize_t used = nghttp2_session_mem_recv(session_, in.data().data(), in.data().size());
    if (used < 0) {
      // What there is to be said about it is written first.
      finished_ = !nghttp2_session_want_write(session_);
      in.use(in.data().size());
      nghttp2_session_terminate_session(session_, NGHTTP2_PROTOCOL_ERROR);
      return true;
    }
    in.use(static_cast<size_t>(used));
    any = used != 0;
  }
  if (in.ended && streams_.empty()) finished_ = true;
  return settle() || any;
}

// What has changed about streams since the last time.
bool Http2::settle() {
  if (changed_.empty()) return false;
  std::vector<int32_t> changed;
  changed.swap(changed_);
  for (const int32_t id : changed) {
    Http2Stream* stream = this->stream(id);
    if (!stream) continue;
    stream->open_window();
    stream->submit();
    if (std::exchange(stream->resume, false) && std::exchange(stream->deferred, false))
      nghttp2_session_resume_data(session_, id);
    if (std::exchange(stream->trailers_now, false)) {
      FieldList fields;
      fields.add(*stream->exchange->response_body()->trailers(), false);
      const std::vector<nghttp2_nv> pairs = fields.pairs();
      nghttp2_submit_trailer(session_, id, pairs.data(), pairs.size());
    }
  }
  return true;
}

wasi::Io<bool> Http2::produce(Transport& out, bool& blocked) {
  bool any = false;
  for (;;) {
    if (out_done_ == out_.size()) {
      out_.clear();
      out_done_ = 0;
      while (out_.size() < kBatch) {
        const uint8_t* data = nullptr;
        const ssize_t n = nghttp2_session_mem_send(session_, &data);
        if (n < 0) return wasi::io_fail(wasi::Errno::Pipe);
        if (n == 0) {
          if (settle()) continue;
          break;
        }
        out_.append(reinterpret_cast<const char*>(data), static_cast<size_t>(n));
      }
      if (out_.empty()) return any;
    }
    const iovec part = {out_.data() + out_done_, out_.size() - out_done_};
    const auto n = out.write({&part, 1});
    if (!n && n.error() == wasi::Errno::Again) {
      blocked = true;
      return any;
    }
    if (!n) return wasi::io_fail(n.error());
    out_done_ += *n;
    any = true;
  }
}

Waiting Http2::waiting() const {
  if (streams_.empty()) return begun_ == 0 ? Waiting::Head : Waiting::Request;
  for (const auto& [id, stream] : streams_) {
    if (!stream->exchange) return Waiting::Head;
    if (!stream->exchange->answered() && !stream->exchange->body->ended() && stream->exchange->body->buffered() == 0)
      return Waiting::Body;
    // The client lets an answer wait by not opening its window.
    if (stream->submitted && !stream->deferred) return Waiting::Reading;
  }
  return Waiting::Nothing;
}

void Http2::timed_out(Waiting) {
  nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
  streams_.clear();
}

void Http2::drain() {
  draining_ = true;
  if (session_) nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                                      NGHTTP2_NO_ERROR, nullptr, 0);
  if (streams_.empty() && session_) nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
}

}  // namespace

std::unique_ptr<Protocol> make_http2(Connection& connection) { return std::make_unique<Http2>(connection); }
bool has_http2() { return true; }

}  // namespace skiff::host
