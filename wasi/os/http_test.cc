// The model of HTTP: fields, bodies, targets, and where requests may go.
#include "wasi/os/http.h"

#include <gtest/gtest.h>

#include <cstring>

#include "wasi/os/http_policy.h"

namespace skiff::wasi {
namespace {

using Outcome = HttpFields::Outcome;
using Code = HttpErrorCode;

std::string text(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
std::span<const uint8_t> bytes(std::string_view s) { return {reinterpret_cast<const uint8_t*>(s.data()), s.size()}; }

TEST(HttpFields, KeepOrderAndCase) {
  HttpFields f;
  EXPECT_EQ(f.append("B", "1"), Outcome::Ok);
  EXPECT_EQ(f.append("a", "2"), Outcome::Ok);
  EXPECT_EQ(f.append("b", "3"), Outcome::Ok);
  EXPECT_EQ(f.count(), 3u);
  EXPECT_EQ(f.bytes(), 3 * (HttpFields::kOverhead + 2));
  EXPECT_EQ(f.find("b"), "1");
  EXPECT_EQ(f.remove("B"), 2u);
  EXPECT_EQ(f.count(), 1u);
  EXPECT_EQ(f.bytes(), HttpFields::kOverhead + 2);
  EXPECT_EQ(f.at(0).name, "a");
  EXPECT_EQ(f.at(0).value, "2");
  EXPECT_EQ(f.remove("b"), 0u);
  EXPECT_FALSE(f.has("b"));
}

TEST(HttpFields, AreValidAndBounded) {
  HttpFields f({.bytes = 100, .count = 2});
  EXPECT_EQ(f.append("a:", "1"), Outcome::Invalid);
  EXPECT_EQ(f.append("a", "1\n"), Outcome::Invalid);
  EXPECT_EQ(f.append("a", std::string(68, 'x')), Outcome::Full);
  EXPECT_EQ(f.append("a", std::string(67, 'x')), Outcome::Ok);
  EXPECT_EQ(f.append("b", ""), Outcome::Full);
  f.clear();
  EXPECT_EQ(f.append("a", ""), Outcome::Ok);
  EXPECT_EQ(f.append("b", ""), Outcome::Ok);
  EXPECT_EQ(f.append("c", ""), Outcome::Full);
}

TEST(HttpFields, WhatGuestsDoNotSee) {
  HttpFields f;
  for (const char* name : {"Host", "x", "CONNECTION", "transfer-encoding", "y", "te"})
    EXPECT_EQ(f.append(name, "v"), Outcome::Ok);
  f.remove_forbidden();
  ASSERT_EQ(f.count(), 3u);
  EXPECT_EQ(f.at(2).name, "te");
}

TEST(HttpFields, LengthsThatAgree) {
  const auto length = [](std::vector<const char*> values) -> std::optional<std::optional<uint64_t>> {
    HttpFields f;
    for (const char* v : values) EXPECT_EQ(f.append("content-length", v), Outcome::Ok);
    std::optional<uint64_t> n;
    if (!f.content_length(n)) return std::nullopt;
    return n;
  };
  using Length = std::optional<uint64_t>;
  EXPECT_EQ(length({}).value(), Length());
  EXPECT_EQ(length({"0"}), Length(0));
  EXPECT_EQ(length({"18446744073709551615"}), Length(UINT64_MAX));
  EXPECT_EQ(length({"5", "5"}), Length(5));
  for (const char* bad : {"", "+5", "-5", "5 ", " 5", "5, 5", "0x5", "18446744073709551616", "5.0"})
    EXPECT_FALSE(length({bad})) << bad;
  EXPECT_FALSE(length({"5", "6"}));
}

TEST(HttpBody, MovesBytesInPlace) {
  const auto body = HttpBody::create({.of = HttpBody::Of::Request, .capacity = 10'000});
  std::string in, out;
  // Pieces of many sizes, through a ring that grows and wraps.
  uint32_t random = 1;
  while (in.size() < 200'000) {
    random = random * 1103515245 + 12345;
    const auto space = body->space();
    const size_t n = std::min<size_t>(space.size(), random >> 8 & 0xFFF);
    for (size_t i = 0; i < n; ++i) in += static_cast<char>(space[i] = static_cast<uint8_t>(in.size() * 7));
    body->produced(n);
    EXPECT_LE(body->buffered(), 10'000u);
    const auto data = body->data();
    const size_t taken = std::min<size_t>(data.size(), random >> 20 & 0xFFF);
    out += text(data.first(taken));
    body->consumed(taken);
  }
  EXPECT_TRUE(body->finish());
  while (!body->data().empty()) {
    out += text(body->data());
    body->consumed(body->data().size());
  }
  EXPECT_EQ(in, out);
  EXPECT_TRUE(body->complete());
}

TEST(HttpBody, StreamsAreBounded) {
  const auto body = HttpBody::create({.capacity = 8});
  const auto out = body->sink();
  const auto in = body->source();
  EXPECT_EQ(out->check_write().value(), 8u);
  EXPECT_TRUE(out->write(bytes("12345678")));
  EXPECT_TRUE(out->flush());
  EXPECT_EQ(out->check_write().value(), 0u);
  EXPECT_FALSE(is_ready(*out));
  EXPECT_TRUE(body->space().empty());
  uint8_t buffer[16];
  EXPECT_EQ(in->read(std::span(buffer).first(3)).value(), 3u);
  EXPECT_TRUE(is_ready(*out));
  EXPECT_EQ(out->check_write().value(), 3u);
  EXPECT_TRUE(out->write(bytes("abc")));
  EXPECT_EQ(in->read(buffer).value(), 8u);
  EXPECT_EQ(text(std::span(buffer).first(8)), "45678abc");
  EXPECT_FALSE(is_ready(*in));
  HttpFields trailers;
  EXPECT_EQ(trailers.append("t", "u"), Outcome::Ok);
  EXPECT_TRUE(body->finish(std::move(trailers)));
  EXPECT_TRUE(is_ready(*in));
  EXPECT_EQ(in->read(buffer).error().kind, StreamFault::Kind::Closed);
  EXPECT_EQ(out->check_write().error().kind, StreamFault::Kind::Closed);
  EXPECT_EQ(body->trailers()->find("t"), "u");
}

TEST(HttpBody, FailuresComeAfterWhatIsThere) {
  const auto body = HttpBody::create({});
  const auto in = body->source();
  std::memcpy(body->space().data(), "ab", 2);
  body->produced(2);
  body->fail({Code::ResponseBodySize, 7});
  body->fail({Code::InternalError});
  EXPECT_FALSE(body->finish());
  uint8_t buffer[16];
  EXPECT_EQ(in->read(buffer).value(), 2u);
  const auto r = in->read(buffer);
  ASSERT_EQ(r.error().kind, StreamFault::Kind::Failed);
  const auto error = HttpError::from(r.error().error);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Code::ResponseBodySize);
  EXPECT_EQ(error->number, 7u);
  EXPECT_FALSE(HttpError::from(IoError{Errno::Io, ErrorOrigin::File}));
}

TEST(HttpBody, HasItsDeclaredLength) {
  auto body = HttpBody::create({.of = HttpBody::Of::Request, .length = 3});
  body->produced(0);
  ASSERT_GE(body->space().size(), 3u);
  body->produced(2);
  EXPECT_EQ(body->finish().error().code, Code::RequestBodySize);
  EXPECT_EQ(body->error()->number, 2u);

  body = HttpBody::create({.of = HttpBody::Of::Response, .length = 3});
  const auto out = body->sink();
  EXPECT_TRUE(out->check_write());
  EXPECT_TRUE(out->write(bytes("123")));
  EXPECT_TRUE(out->check_write());
  EXPECT_EQ(out->write(bytes("4")).error().kind, StreamFault::Kind::Failed);
  EXPECT_EQ(body->error()->code, Code::ResponseBodySize);
  EXPECT_EQ(text(body->data()), "123") << "what was right goes out";

  body = HttpBody::create({.of = HttpBody::Of::Response, .length = 3});
  body->ignore_length();
  EXPECT_TRUE(body->finish());
}

TEST(HttpBody, ReadersMayGo) {
  auto body = HttpBody::create({.capacity = 4});
  const auto out = body->sink();
  EXPECT_TRUE(out->check_write());
  EXPECT_TRUE(out->write(bytes("1234")));
  // Uninterested in bytes: there is always room.
  body->discard();
  EXPECT_EQ(body->buffered(), 0u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(out->check_write().value(), 4u);
    EXPECT_TRUE(out->write(bytes("abcd")));
  }
  EXPECT_EQ(body->space().size(), 4u);
  body->produced(4);
  EXPECT_EQ(body->written(), 20u);
  EXPECT_FALSE(body->ended());
  // Uninterested in everything.
  body->close();
  EXPECT_EQ(out->check_write().error().kind, StreamFault::Kind::Closed);
  EXPECT_TRUE(body->space().empty());
  EXPECT_TRUE(body->finish()) << "who is not heard has made no mistake";
}

TEST(Http, Targets) {
  const auto authority = HttpAuthority::parse("example.com:80");
  ASSERT_TRUE(authority);
  EXPECT_EQ(authority->host, "example.com");
  EXPECT_EQ(authority->port, 80);
  const auto v6 = HttpAuthority::parse("[::1]");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "[::1]");
  EXPECT_FALSE(v6->port);
  for (const char* bad : {"", ":80", "a:", "a:-1", "a:65536", "a:8 ", "a b", "a/b", "a?b", "a#b", "a@b", "[::1", "[1.2.3.4]",
                          "[::1]80", "::1", "a%41", "a\\b", "a\nb", "\xc3\xa9"})
    EXPECT_FALSE(HttpAuthority::parse(bad)) << bad;
  EXPECT_EQ(HttpMethod::parse("PATCH")->kind, HttpMethod::Kind::Patch);
  EXPECT_EQ(HttpMethod::parse("patch")->kind, HttpMethod::Kind::Other);
  EXPECT_FALSE(HttpMethod::parse("A B"));
  EXPECT_EQ(HttpScheme::parse("HTTPS")->kind, HttpScheme::Kind::Https);
  EXPECT_FALSE(HttpScheme::parse("ht tp"));
  EXPECT_FALSE(is_http_path_with_query("/a\r\nHost: b"));
}

TEST(Http, ErrorsHaveNamesPayloadsAndStatuses) {
  EXPECT_EQ(name_of(Code::DnsTimeout), "DNS-timeout");
  EXPECT_EQ(name_of(Code::InternalError), "internal-error");
  EXPECT_EQ(payload_of(Code::TlsAlertReceived), HttpErrorPayload::Alert);
  for (int i = 0; i <= static_cast<int>(Code::InternalError); ++i) {
    const uint16_t status = status_of(static_cast<Code>(i));
    EXPECT_TRUE(status >= 400 && status < 600) << i;
  }
}

HttpOrigin origin(std::string_view scheme, std::string_view authority) {
  return HttpOrigin::of(*HttpScheme::parse(scheme), *HttpAuthority::parse(authority));
}

TEST(HttpPolicy, AllowsWhatItIsTold) {
  HttpPolicy p;
  EXPECT_FALSE(p.allows_any());
  EXPECT_FALSE(p.allows(origin("http", "example.com")));
  ASSERT_TRUE(p.allow("https://example.com"));
  ASSERT_TRUE(p.allow("http://*.org:8000-8010/"));
  ASSERT_TRUE(p.allow("*://10.0.0.0/8:*"));
  ASSERT_TRUE(p.allow("http://[::1]"));
  EXPECT_TRUE(p.allows(origin("https", "EXAMPLE.com.")));
  EXPECT_FALSE(p.allows(origin("http", "example.com")));
  EXPECT_FALSE(p.allows(origin("https", "example.com:444")));
  EXPECT_FALSE(p.allows(origin("https", "a.example.com")));
  EXPECT_TRUE(p.allows(origin("http", "a.org:8010")));
  EXPECT_FALSE(p.allows(origin("http", "org:8010")));
  EXPECT_FALSE(p.allows(origin("http", "a.org:8011")));
  EXPECT_TRUE(p.allows(origin("https", "10.1.2.3:99")));
  EXPECT_FALSE(p.allows(origin("https", "11.1.2.3:99")));
  EXPECT_TRUE(p.allows(origin("http", "[::1]")));
  EXPECT_FALSE(p.allows(origin("http", "[::ffff:10.0.0.1]")));
  for (const char* bad : {"", "example.com", "ftp://a", "http://", "http://a b", "http://a:b", "http://[::1", "http://*.", "://a"})
    EXPECT_FALSE(p.allow(bad)) << bad;
}

TEST(HttpPolicy, NamesDoNotLeadInside) {
  HttpPolicy p;
  ASSERT_TRUE(p.allow("http://*"));
  ASSERT_TRUE(p.allow("http://localhost"));
  ASSERT_TRUE(p.allow("http://named.example"));
  ASSERT_TRUE(p.allow("http://192.168.0.7"));
  const auto at = [&](std::string_view host, std::string_view ip) {
    return p.allows(origin("http", host)) && p.allows(origin("http", host), *IpAddress::parse(ip));
  };
  EXPECT_TRUE(at("a.example", "93.184.216.34"));
  for (const char* inside : {"127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.0.8", "::1", "fe80::1", "fd00::1",
                             "::ffff:93.184.216.34", "0.0.0.0", "224.0.0.1"}) {
    EXPECT_FALSE(at("a.example", inside)) << inside;
    EXPECT_FALSE(at("named.example", inside)) << inside;
  }
  EXPECT_TRUE(at("a.example", "192.168.0.7")) << "granted by address";
  EXPECT_TRUE(at("localhost", "127.0.0.1")) << "granted by that very name";
  EXPECT_FALSE(at("localhost", "10.0.0.1"));
  EXPECT_FALSE(p.allows(origin("http", "127.0.0.1")));
  EXPECT_FALSE(p.allows(origin("http", "10.0.0.1")));
  HttpPolicy everything;
  everything.allow_all();
  EXPECT_TRUE(everything.allows(origin("http", "10.0.0.1")));
  EXPECT_TRUE(everything.allows(origin("http", "a"), *IpAddress::parse("10.0.0.1")));
}

}  // namespace
}  // namespace skiff::wasi
