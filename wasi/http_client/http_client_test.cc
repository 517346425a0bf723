// The client against servers of all kinds, in one process.
#include "wasi/http_client/http_client.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "wasi/http_client/test_server.h"
#include "wasi/os/clock.h"
#include "wasi/os/http_policy.h"

namespace skiff::wasi {
namespace {

using Code = HttpErrorCode;

class HttpClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    policy.allow_all();
    config.fields = {.bytes = 4096, .count = 32};
    make();
  }
  void make() { client = make_http_client(**scheduler.reactor(), config); }

  static HttpRequestHead head_for(const std::string& authority, std::string path = "/") {
    HttpRequestHead head;
    head.scheme = HttpScheme{};
    head.authority = authority;
    head.path_with_query = std::move(path);
    return head;
  }
  static HttpRequestHead head_for(const TestServer& server, std::string path = "/") {
    return head_for(server.authority(), std::move(path));
  }
  HttpResult<std::shared_ptr<HttpPending>> start(HttpRequestHead head, std::shared_ptr<HttpBody> body = nullptr) {
    if (!body) body = HttpBody::empty(HttpBody::Of::Request);
    return client->send(std::move(head), options, std::move(body), policy);
  }
  HttpResult<HttpResponse> wait(const std::shared_ptr<HttpPending>& pending) {
    EXPECT_TRUE(wait_one(*pending, scheduler, {}));
    return pending->take();
  }
  HttpResult<HttpResponse> send(HttpRequestHead head, std::shared_ptr<HttpBody> body = nullptr) {
    auto pending = start(std::move(head), std::move(body));
    if (!pending) return std::unexpected(pending.error());
    return wait(*pending);
  }
  // Everything, or nothing and `failed` set.
  std::string read(HttpBody& body) {
    const auto in = body.source();
    std::string all;
    uint8_t buffer[10'000];
    for (;;) {
      const auto n = blocking_read(*in, buffer, {scheduler, {}});
      if (!n) {
        failed = n.error().kind == StreamFault::Kind::Failed ? HttpError::from(n.error().error) : std::nullopt;
        return all;
      }
      all.append(reinterpret_cast<char*>(buffer), *n);
    }
  }
  // What a server that answers so makes of a request.
  HttpResult<std::string> answer(const std::string& text, std::string path = "/") {
    TestServer server([&](TestConnection& c) {
      c.head();
      c.write(text);
    });
    auto response = send(head_for(server, std::move(path)));
    if (!response) return std::unexpected(response.error());
    std::string all = read(*response->body);
    last = std::move(*response);
    return all;
  }
  Code error(const std::string& text) {
    const auto r = answer(text);
    if (r) return failed ? failed->code : Code::InternalError;
    return r.error().code;
  }

  ThreadScheduler scheduler;
  HttpPolicy policy;
  HttpClientConfig config;
  HttpRequestOptions options;
  std::unique_ptr<HttpClient> client;
  std::optional<HttpError> failed;
  HttpResponse last;
};

TEST_F(HttpClientTest, AGet) {
  ASSERT_TRUE(client);
  std::string seen;
  TestServer server([&](TestConnection& c) {
    seen = c.head();
    c.write("HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX-One:  a b \r\nx-one: \r\n\r\nhello");
  });
  HttpRequestHead head = head_for(server, "/a/../b?c=%20d");
  ASSERT_EQ(head.fields.append("X-Empty", ""), HttpFields::Outcome::Ok);
  ASSERT_EQ(head.fields.append("x-full", "1, 2"), HttpFields::Outcome::Ok);
  const auto response = send(std::move(head));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->head.status, 201);
  ASSERT_EQ(response->head.fields.count(), 3u);
  EXPECT_EQ(response->head.fields.at(1).name, "X-One");
  EXPECT_EQ(response->head.fields.at(1).value, "a b");
  EXPECT_EQ(response->head.fields.at(2).value, "");
  EXPECT_EQ(read(*response->body), "hello");
  EXPECT_FALSE(failed);
  EXPECT_TRUE(seen.starts_with("GET /a/../b?c=%20d HTTP/1.1\r\n")) << seen;
  EXPECT_NE(seen.find("Host: " + server.authority() + "\r\n"), seen.npos) << seen;
  EXPECT_NE(seen.find("X-Empty:\r\n"), seen.npos) << seen;
  EXPECT_NE(seen.find("x-full: 1, 2\r\n"), seen.npos) << seen;
  // Nothing that the guest did not say.
  EXPECT_EQ(std::count(seen.begin(), seen.end(), '\n'), 5) << seen;
}

TEST_F(HttpClientTest, BodiesThatAreCompleteHaveALength) {
  std::string seen, got;
  TestServer server([&](TestConnection& c) {
    seen = c.head();
    got = c.bytes(5);
    c.write("HTTP/1.1 204 No\r\n\r\n");
  });
  auto body = HttpBody::create({HttpBody::Of::Request});
  HttpRequestHead head = head_for(server);
  head.method = *HttpMethod::parse("BREW");
  auto pending = start(std::move(head), body);
  ASSERT_TRUE(pending);
  // Sending starts when the guest waits.
  const auto out = body->sink();
  ASSERT_TRUE(out->check_write());
  ASSERT_TRUE(out->write({reinterpret_cast<const uint8_t*>("12345"), 5}));
  ASSERT_TRUE(body->finish());
  const auto response = wait(*pending);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->head.status, 204);
  EXPECT_TRUE(seen.starts_with("BREW / ")) << seen;
  EXPECT_NE(seen.find("Content-Length: 5\r\n"), seen.npos) << seen;
  EXPECT_EQ(got, "12345");
}

TEST_F(HttpClientTest, BodiesStreamBothWays) {
  // An echo of chunks, with trailers in both directions.
  std::string seen;
  TestServer server([&](TestConnection& c) {
    seen = c.head();
    c.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (;;) {
      const std::string chunk = c.until("\r\n");
      if (chunk.empty()) return;
      if (chunk == "0\r\n") break;
      const size_t size = std::stoul(chunk, nullptr, 16);
      if (!c.write(chunk + c.bytes(size + 2))) return;
    }
    seen += c.until("\r\n\r\n");
    c.write("0\r\nX-Sum: 7\r\nx-more: 8\r\n\r\n");
  });
  auto body = HttpBody::create({HttpBody::Of::Request});
  HttpRequestHead head = head_for(server);
  head.method.kind = HttpMethod::Kind::Post;
  ASSERT_EQ(head.fields.append("Trailer", "x-end"), HttpFields::Outcome::Ok);
  auto pending = start(std::move(head), body);
  ASSERT_TRUE(pending);
  const auto out = body->sink();
  const Blocking how{scheduler, {}};
  const std::vector<uint8_t> piece(3000, 'x');
  ASSERT_TRUE(blocking_write_and_flush(*out, piece, how));
  const auto response = wait(*pending);
  ASSERT_TRUE(response);
  const auto in = response->body->source();
  size_t sent = piece.size(), received = 0;
  std::vector<uint8_t> buffer(100'000);
  // More than all buffers together.
  while (sent < 2'000'000) {
    ASSERT_TRUE(blocking_write_and_flush(*out, piece, how));
    sent += piece.size();
    for (;;) {
      const auto n = in->read(buffer);
      ASSERT_TRUE(n);
      received += *n;
      if (*n == 0) break;
    }
  }
  HttpFields trailers;
  ASSERT_EQ(trailers.append("x-end", "e"), HttpFields::Outcome::Ok);
  ASSERT_TRUE(body->finish(std::move(trailers)));
  for (;;) {
    const auto n = blocking_read(*in, buffer, how);
    if (!n) {
      EXPECT_EQ(n.error().kind, StreamFault::Kind::Closed);
      break;
    }
    received += *n;
  }
  EXPECT_EQ(received, sent);
  EXPECT_NE(seen.find("x-end: e\r\n"), seen.npos) << seen;
  ASSERT_TRUE(response->body->trailers());
  EXPECT_EQ(response->body->trailers()->find("x-sum"), "7");
  EXPECT_EQ(response->body->trailers()->count(), 2u);
}

TEST_F(HttpClientTest, WhoeverReadsSlowlySlowsTheServerDown) {
  std::atomic<size_t> sent = 0;
  TestServer server([&](TestConnection& c) {
    c.head();
    c.write("HTTP/1.1 200 OK\r\n\r\n");
    const std::string block(64 << 10, 'z');
    while (sent < (64u << 20) && c.write(block)) sent += block.size();
  });
  options.between_bytes_timeout = 50'000'000;
  auto response = send(head_for(server));
  ASSERT_TRUE(response);
  TimerEvent pause(host_monotonic_ns() + 200'000'000);
  ASSERT_TRUE(wait_one(pause, scheduler, {}));
  EXPECT_LE(response->body->buffered(), kStreamChunk);
  EXPECT_LT(sent, 32u << 20);
  EXPECT_FALSE(response->body->ended()) << "the guest's own slowness is no timeout";
  EXPECT_EQ(read(*response->body).size(), 64u << 20);
  EXPECT_FALSE(failed);
}

TEST_F(HttpClientTest, ConnectionsAreUsedAgain) {
  TestServer server([&](TestConnection& c) {
    while (!c.head().empty()) c.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  for (int i = 0; i < 5; ++i) {
    const auto response = send(head_for(server));
    ASSERT_TRUE(response);
    EXPECT_EQ(read(*response->body), "ok");
  }
  EXPECT_EQ(server.connections(), 1u);
  // Also by guests that may reach less, but only where they may.
  HttpPolicy other;
  std::string refused;
  other.on_refused = [&](std::string_view grant) { refused = grant; };
  ASSERT_TRUE(other.allow("http://*:*"));
  const auto pending = client->send(head_for(server), options, HttpBody::empty(HttpBody::Of::Request), other);
  ASSERT_TRUE(pending);
  const auto response = wait(*pending);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::DestinationIpProhibited);
  EXPECT_NE(refused.find("--allow-http http://127.0.0.1:"), refused.npos) << refused;
}

TEST_F(HttpClientTest, AddressesAreCheckedAfterNames) {
  TestServer server([&](TestConnection& c) {
    while (!c.head().empty()) c.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  const std::string port = ":" + std::to_string(server.port());
  policy = HttpPolicy();
  // A name that is granted, at an internal address.
  ASSERT_TRUE(policy.allow("http://*" + port));
  const auto r = send(head_for("localhost" + port));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, Code::DestinationIpProhibited);
  EXPECT_EQ(server.connections(), 0u);
  ASSERT_TRUE(policy.allow("http://localhost" + port));
  const auto local = send(head_for("localhost" + port));
  ASSERT_TRUE(local) << name_of(local.error().code);
  EXPECT_EQ(read(*local->body), "ok");
}

TEST_F(HttpClientTest, HeadAndInformationalResponses) {
  TestServer server([&](TestConnection& c) {
    c.head();
    c.write("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    c.head();
  });
  HttpRequestHead head = head_for(server);
  head.method.kind = HttpMethod::Kind::Head;
  const auto response = send(std::move(head));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->head.status, 200);
  EXPECT_EQ(response->head.fields.count(), 1u);
  EXPECT_EQ(read(*response->body), "");
  EXPECT_FALSE(failed);
}

TEST_F(HttpClientTest, HostileServers) {
  EXPECT_EQ(error(""), Code::ConnectionTerminated);
  EXPECT_EQ(error("HTTP/1.1 200 OK\r\nA: b"), Code::ResponseIncomplete);
  EXPECT_EQ(error("SSH-2.0-hello\r\n\r\n"), Code::ProtocolError);
  EXPECT_EQ(error("HTTP/1.1 099 Low\r\n\r\n"), Code::ProtocolError);
  EXPECT_EQ(error("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"), Code::ProtocolError);
  EXPECT_EQ(error("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), Code::ProtocolError);
  EXPECT_EQ(error("HTTP/1.1 200 OK\r\nA b: c\r\n\r\n"), Code::ProtocolError);
  EXPECT_EQ(error("HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n"), Code::ProtocolError);
  EXPECT_EQ(error("HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n"), Code::ProtocolError);
  // Sizes.
  EXPECT_EQ(error("HTTP/1.1 200 OK\r\nA: " + std::string(5000, 'x') + "\r\n\r\n"), Code::ResponseHeaderSectionSize);
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 33; ++i) many += "a: b\r\n";
  EXPECT_EQ(error(many + "\r\n"), Code::ResponseHeaderSectionSize);
  std::string endless;
  for (int i = 0; i < 200; ++i) endless += "HTTP/1.1 102 Wait\r\nA: b\r\n\r\n";
  EXPECT_EQ(error(endless), Code::ResponseHeaderSectionSize);
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n";
  std::string trailers;
  for (int i = 0; i < 100; ++i) trailers += "T: " + std::string(50, 'x') + "\r\n";
  EXPECT_EQ(error(chunked + "0\r\n" + trailers + "\r\n"), Code::ResponseTrailerSectionSize);
  // Lengths.
  EXPECT_EQ(error("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"), Code::ResponseIncomplete);
  EXPECT_EQ(error(chunked), Code::ResponseIncomplete);
  EXPECT_EQ(error("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"), Code::ConnectionTerminated);
  EXPECT_EQ(error("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), Code::ProtocolError);
  const auto more = answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokMORE");
  ASSERT_TRUE(more);
  EXPECT_EQ(*more, "ok");
}

TEST_F(HttpClientTest, Timeouts) {
  TestServer silent([](TestConnection& c) {
    c.head();
    c.head();
  });
  options.first_byte_timeout = 30'000'000;
  const auto first = send(head_for(silent));
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, Code::ConnectionReadTimeout);

  TestServer slow([](TestConnection& c) {
    c.head();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab");
    c.head();
  });
  options.first_byte_timeout.reset();
  options.between_bytes_timeout = 30'000'000;
  auto response = send(head_for(slow));
  ASSERT_TRUE(response);
  EXPECT_EQ(read(*response->body), "ab");
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->code, Code::ConnectionReadTimeout);

  // A listener that nobody accepts from, full: the handshake gets no answer.
  options = {.connect_timeout = 30'000'000};
  const int full = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(full, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(full, 0), 0);
  ASSERT_EQ(::getsockname(full, reinterpret_cast<sockaddr*>(&address), &size), 0);
  std::vector<int> others;
  for (int i = 0; i < 4; ++i) {
    others.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::connect(others.back(), reinterpret_cast<sockaddr*>(&address), size);
  }
  const auto connect = send(head_for("127.0.0.1:" + std::to_string(ntohs(address.sin_port))));
  ASSERT_FALSE(connect);
  EXPECT_EQ(connect.error().code, Code::ConnectionTimeout);
  for (const int fd : others) ::close(fd);
  ::close(full);
}

TEST_F(HttpClientTest, WhatCannotBeReached) {
  uint16_t port;
  {
    TestServer gone([](TestConnection&) {});
    port = gone.port();
  }
  const auto refused = send(head_for("127.0.0.1:" + std::to_string(port)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::ConnectionRefused);
  const auto unknown = send(head_for("no-such-host.invalid"));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Code::DnsError);
  for (const char* authority : {"", "a b", "user@host", "host:", "host:99999", "[::1", "host/path", "ho%st"}) {
    const auto bad = start(head_for(authority));
    ASSERT_FALSE(bad) << authority;
    EXPECT_EQ(bad.error().code, Code::RequestUriInvalid);
  }
  HttpRequestHead tunnel = head_for("127.0.0.1");
  tunnel.method.kind = HttpMethod::Kind::Connect;
  EXPECT_EQ(start(std::move(tunnel)).error().code, Code::RequestMethodInvalid);
}

TEST_F(HttpClientTest, WhatNobodyWantsIsGivenUp) {
  std::atomic<bool> closed = false;
  TestServer server([&](TestConnection& c) {
    c.head();
    c.write("HTTP/1.1 200 OK\r\n\r\n");
    const std::string block(64 << 10, 'z');
    while (c.write(block)) {
    }
    closed = true;
  });
  {
    const auto pending = start(head_for(server));
    ASSERT_TRUE(pending);     // dropped before anything happened
  }
  {
    const auto pending = start(head_for(server));
    ASSERT_TRUE(pending);
    ASSERT_TRUE(wait_one(**pending, scheduler, {}));
    // Dropped with the response in it.
  }
  for (int i = 0; i < 200 && !closed; ++i) {
    TimerEvent pause(host_monotonic_ns() + 10'000'000);
    ASSERT_TRUE(wait_one(pause, scheduler, {}));
  }
  EXPECT_TRUE(closed);
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(HttpClientTest, BodiesThatFail) {
  TestServer server([&](TestConnection& c) { c.until("never"); });
  auto body = HttpBody::create({HttpBody::Of::Request, 10});
  HttpRequestHead head = head_for(server);
  head.method.kind = HttpMethod::Kind::Put;
  const auto pending = start(std::move(head), body);
  ASSERT_TRUE(pending);
  const auto out = body->sink();
  ASSERT_TRUE(blocking_write_and_flush(*out, std::vector<uint8_t>(3), {scheduler, {}}));
  TimerEvent pause(host_monotonic_ns() + 20'000'000);
  ASSERT_TRUE(wait_one(pause, scheduler, {}));
  EXPECT_EQ(body->finish().error().code, Code::RequestBodySize);
  const auto response = wait(*pending);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::RequestBodySize);
  EXPECT_EQ(response.error().number, 3u);
}

// OpenSSL's own server, when its program is there.
class TlsServer {
 public:
  TlsServer() {
    char name[] = "/tmp/skiff-http-XXXXXX";
    dir_ = ::mkdtemp(name);
    {
      TestServer free([](TestConnection&) {});
      port_ = free.port();
    }
    const std::string in = "cd " + dir_ + " && ";
    works_ = std::system((in + "openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=x "
                               "-addext subjectAltName=IP:127.0.0.1 2>/dev/null && (openssl s_server -accept 127.0.0.1:" +
                          std::to_string(port_) + " -cert cert -key key -www -quiet >/dev/null 2>&1 & echo $! >pid)")
                             .c_str()) == 0;
    for (int i = 0; works_ && i < 300 && !listens(); ++i) ::usleep(10'000);
  }
  ~TlsServer() {
    static_cast<void>(std::system(("cd " + dir_ + " && kill $(cat pid); rm -rf " + dir_).c_str()));
  }
  bool works() const { return works_; }
  std::string cert() const { return dir_ + "/cert"; }
  std::string port() const { return ":" + std::to_string(port_); }

 private:
  bool listens() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_);
    const bool ok = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return ok;
  }
  std::string dir_;
  uint16_t port_ = 0;
  bool works_ = false;
};

TEST_F(HttpClientTest, Tls) {
  if (std::system("command -v openssl >/dev/null") != 0) GTEST_SKIP() << "the openssl program is not here";
  TlsServer server;
  ASSERT_TRUE(server.works());
  const auto get = [&](const std::string& host) {
    HttpRequestHead head = head_for(host + server.port());
    head.scheme->kind = HttpScheme::Kind::Https;
    return send(std::move(head));
  };
  const auto stranger = get("127.0.0.1");
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().code, Code::TlsCertificateError);
  config.ca_file = server.cert();
  make();
  const auto good = get("127.0.0.1");
  ASSERT_TRUE(good) << name_of(good.error().code);
  EXPECT_EQ(good->head.status, 200);
  EXPECT_NE(read(*good->body).find("TLS"), std::string::npos);
  const auto other = get("localhost");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::TlsCertificateError);
  TestServer plain([](TestConnection& c) {
    c.bytes(100);
    c.write("HTTP/1.1 400 Bad\r\n\r\n");
  });
  HttpRequestHead head = head_for(plain);
  head.scheme->kind = HttpScheme::Kind::Https;
  const auto not_tls = send(std::move(head));
  ASSERT_FALSE(not_tls);
  EXPECT_EQ(not_tls.error().code, Code::TlsProtocolError);
}

TEST_F(HttpClientTest, TheNumberOfRequestsIsLimited) {
  config.requests = 2;
  make();
  TestServer server([](TestConnection& c) { c.until("never"); });
  std::vector<std::shared_ptr<HttpPending>> all;
  for (int i = 0; i < 2; ++i) all.push_back(*start(head_for(server)));
  EXPECT_EQ(start(head_for(server)).error().code, Code::ConnectionLimitReached);
  // What is under way when the client ends, fails.
  client.reset();
  ASSERT_TRUE(all[0]->ready());
  EXPECT_EQ(all[0]->take().error().code, Code::ConnectionTerminated);
}

}  // namespace
}  // namespace skiff::wasi
