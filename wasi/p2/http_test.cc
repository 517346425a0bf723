// wasi:http as a component sees it. Results of functions lie at 16: a byte for the case, the payload behind it.
#include "wasi/p2/http_test_guest.h"

namespace skiff::wasi {
namespace {

using Code = HttpErrorCode;

class HttpFieldsOfGuests : public HttpGuest {
 protected:
  // The result of append, set (one value) or delete: 0, or 1 + the number of the error.
  std::string appended(std::string_view name, std::string_view value) {
    return run("(call $append (call $fields)" + text(name) + text(value) + "(i32.const 16))" + std::string(kStatus));
  }
  static constexpr std::string_view kStatus =
      "(i32.mul (call $b (i32.const 16)) (i32.add (i32.const 1) (call $b (i32.const 17))))";
};

TEST_F(HttpFieldsOfGuests, OnlyWhatIsValid) {
  EXPECT_EQ(appended("x-a", "b"), "0");
  EXPECT_EQ(appended("X-A", ""), "0");
  EXPECT_EQ(appended("x-a", "\t \xff"), "0");
  EXPECT_EQ(appended("", "b"), "1");
  EXPECT_EQ(appended("a b", "b"), "1");
  EXPECT_EQ(appended("a:", "b"), "1");
  EXPECT_EQ(appended("caf\xc3\xa9", "b"), "1");
  EXPECT_EQ(appended("a", "b\r\nc: d"), "1");
  EXPECT_EQ(appended("a", std::string("\0", 1)), "1");
  EXPECT_EQ(appended("a", "\x7f"), "1");
  for (const char* name : {"Host", "connection", "Keep-Alive", "proxy-authenticate", "proxy-authorization",
                           "proxy-connection", "Transfer-Encoding", "upgrade", "HTTP2-Settings"})
    EXPECT_EQ(appended(name, "b"), "2") << name;
}

TEST_F(HttpFieldsOfGuests, AreListsWithoutRegardToCase) {
  // Two values, one name; another name replaced, another removed; and a copy that goes its own way.
  const std::string a = text("X-Two"), b = text("x-two"), c = text("gone"), v1 = text("1"), v2 = text("22");
  EXPECT_EQ(run(R"(
    (local.set $a (call $fields))
    (call $append (local.get $a) )" + a + v1 + R"((i32.const 16))
    (call $append (local.get $a) )" + c + v1 + R"((i32.const 16))
    (call $append (local.get $a) )" + b + v2 + R"((i32.const 16))
    (local.set $b (call $clone (local.get $a)))
    (call $delete (local.get $a) )" + c + R"((i32.const 16))
    (call $get (local.get $a) )" + b + R"((i32.const 16))
    (call $entries (local.get $a) (i32.const 32))
    (call $entries (local.get $b) (i32.const 48))
    (i32.or
      (i32.or
        (i32.or (i32.shl (call $w (i32.const 20)) (i32.const 24)) (i32.shl (call $w (i32.const 36)) (i32.const 20)))
        (i32.or (i32.shl (call $w (i32.const 52)) (i32.const 16))
          (i32.shl (call $has (local.get $a) )" + c + R"() (i32.const 12))))
      (i32.or (i32.shl (call $has (local.get $b) )" + c + R"() (i32.const 8))
        (i32.load8_u (call $w (call $w (i32.const 32)))))))"),
            std::to_string(2 << 24 | 2 << 20 | 3 << 16 | 0 << 12 | 1 << 8 | 'X'));
}

TEST_F(HttpFieldsOfGuests, SetReplaces) {
  // A list of two values is (pointer, size) twice at 64.
  const std::string name = text("N"), one = text("one"), two = text("two");
  const auto pair = [](int at, const std::string& t) {
    const size_t gap = t.find(") (");
    return "(i32.store (i32.const " + std::to_string(at) + ") " + t.substr(0, gap + 1) + ") (i32.store (i32.const " +
           std::to_string(at + 4) + ") " + t.substr(gap + 2) + ")";
  };
  EXPECT_EQ(run("(local.set $a (call $fields)) (call $append (local.get $a)" + name + text("old") + "(i32.const 16))" +
                pair(64, one) + pair(72, two) + "(call $set (local.get $a)" + name +
                "(i32.const 64) (i32.const 2) (i32.const 16)) (call $get (local.get $a)" + text("n") +
                "(i32.const 32)) (i32.or (i32.shl (call $w (i32.const 36)) (i32.const 8))"
                "(i32.load8_u (call $w (i32.add (call $w (i32.const 32)) (i32.const 8)))))"),
            std::to_string(2 << 8 | 't'));
}

TEST_F(HttpFieldsOfGuests, FromAList) {
  // ((name, value)): four words at 64.
  const auto list = [&](const std::string& name, const std::string& value) {
    const std::string texts = text(name) + text(value);
    std::string out;
    size_t from = 0;
    for (int i = 0; i < 4; ++i) {
      const size_t end = texts.find(')', from) + 1;
      out += "(i32.store (i32.const " + std::to_string(64 + 4 * i) + ") " + texts.substr(from, end - from) + ")";
      from = end;
    }
    return out + "(call $from_list (i32.const 64) (i32.const 1) (i32.const 16))";
  };
  EXPECT_EQ(run(list("a", "b") + "(call $entries (call $w (i32.const 20)) (i32.const 32)) (call $w (i32.const 36))"), "1");
  const std::string status = "(i32.mul (call $b (i32.const 16)) (i32.add (i32.const 1) (call $b (i32.const 20))))";
  EXPECT_EQ(run(list("a b", "b") + status), "1");
  EXPECT_EQ(run(list("host", "b") + status), "2");
  expect_trap("too large", list("a", std::string(131'072, 'x')) + "(i32.const 0)");
  expect_trap("more memory", "(call $from_list (i32.const 64) (i32.const 100000) (i32.const 16)) (i32.const 0)");
}

TEST_F(HttpFieldsOfGuests, AreLimited) {
  ctx.limits.http_fields = {.bytes = 1000, .count = 5};
  const std::string forever = "(local.set $a (call $fields)) (loop $l (call $append (local.get $a)" + text("a");
  expect_trap("too large", forever + text("b") + "(i32.const 16)) (br $l)) (i32.const 0)");
  expect_trap("too large", forever + text(std::string(400, 'x')) + "(i32.const 16)) (br $l)) (i32.const 0)");
}

TEST_F(HttpFieldsOfGuests, TakePartInAnAccount) {
  ctx.limits.http_bytes = 300'000;
  const std::string big = text(std::string(100'000, 'x'));
  expect_trap("too many messages", "(loop $l (call $append (call $fields)" + text("a") + big +
                                       "(i32.const 16)) (br $l)) (i32.const 0)");
  // Dropping gives back.
  state.reset();
  EXPECT_EQ(run("(loop $l (call $append (local.tee $a (call $fields))" + text("a") + big +
                "(i32.const 16)) (call $drop_Fields (local.get $a))"
                "(br_if $l (i32.lt_u (local.tee $b (i32.add (local.get $b) (i32.const 1))) (i32.const 9))))"
                "(local.get $b)"), "9");
}

using OutgoingHttp = HttpGuest;

TEST_F(OutgoingHttp, RequestsAreCheckedAsTheyAreMade) {
  const auto with = [&](const std::string& body) {
    return run("(local.set $a (call $request (call $fields)))" + body);
  };
  const std::string self = "(local.get $a)";
  for (const auto& [method, expected] : {std::pair("BREW", "0"), {"", "1"}, {"a b", "1"}, {"GET\r\n", "1"}})
    EXPECT_EQ(with("(call $set_method" + self + "(i32.const 9)" + text(method) + ")"), expected) << method;
  // `other` that is none.
  EXPECT_EQ(with("(drop (call $set_method" + self + "(i32.const 9)" + text("PUT") + ")) (call $method" + self +
                 "(i32.const 16)) (call $b (i32.const 16))"), "3");
  for (const auto& [path, expected] :
       {std::pair("/a?b", "0"), {"", "0"}, {"*", "0"}, {"?q", "0"}, {"a", "1"}, {"/ ", "1"}, {"/\r\n", "1"}, {"/#", "1"}})
    EXPECT_EQ(with("(call $set_path" + self + "(i32.const 1)" + text(path) + ")"), expected) << path;
  for (const auto& [scheme, expected] : {std::pair("ftp", "0"), {"", "1"}, {"a b", "1"}, {"1a", "1"}, {"a:", "1"}})
    EXPECT_EQ(with("(call $set_scheme" + self + "(i32.const 1) (i32.const 2)" + text(scheme) + ")"), expected);
  for (const auto& [authority, expected] :
       {std::pair("a.example:80", "0"), {"[::1]:80", "0"}, {"10.0.0.1", "0"}, {"", "1"}, {"a:b", "1"}, {"u@a", "1"},
        {"a/b", "1"}, {"a b", "1"}, {"[::1", "1"}, {"a:70000", "1"}, {"a\r\nb", "1"}})
    EXPECT_EQ(with("(call $set_authority" + self + "(i32.const 1)" + text(authority) + ")"), expected) << authority;
  // What nothing was set of.
  EXPECT_EQ(with("(call $method" + self + "(i32.const 16)) (call $path" + self + "(i32.const 64)) (call $scheme" + self +
                 "(i32.const 32)) (call $authority" + self + "(i32.const 48))"
                 "(i32.or (i32.or (call $b (i32.const 16)) (call $b (i32.const 64))) (i32.or (call $b (i32.const 32))"
                 "(call $b (i32.const 48))))"), "0");
  // The body is given once.
  EXPECT_EQ(with("(call $request_body" + self + "(i32.const 16)) (call $request_body" + self +
                 "(i32.const 32)) (i32.or (i32.shl (call $b (i32.const 16)) (i32.const 1)) (call $b (i32.const 32)))"),
            "1");
}

TEST_F(OutgoingHttp, FieldsOfMessagesAreChildrenAndImmutable) {
  const std::string make = "(local.set $b (call $request_headers (local.tee $a (call $request (call $fields)))))";
  EXPECT_EQ(run(make + "(call $append (local.get $b)" + text("a") + text("b") +
                "(i32.const 16)) (call $b (i32.const 17))"), "2");
  expect_trap("children", make + "(call $drop_OutgoingRequest (local.get $a)) (i32.const 0)");
  state.reset();
}

TEST_F(OutgoingHttp, GivingAwayWhatHasChildren) {
  expect_trap("children", "(drop (call $request_headers (local.tee $a (call $request (call $fields)))))"
                          "(call $send (local.get $a) (i32.const 0) (i32.const 0) (i32.const 16)) (i32.const 0)");
}

TEST_F(OutgoingHttp, OnlyWhatIsGranted) {
  ctx.http = HttpPolicy();
  ctx.http.on_refused = [this](std::string_view grant) { refused = grant; };
  const auto send = [&](const std::string& authority) {
    refused.clear();
    return run("(local.set $a (call $request (call $fields)))"
               "(drop (call $set_scheme (local.get $a) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))"
               "(drop (call $set_authority (local.get $a) (i32.const 1)" + text(authority) + "))"
               "(call $send (local.get $a) (i32.const 0) (i32.const 0) (i32.const 16))"
               "(i32.mul (call $b (i32.const 16)) (call $b (i32.const 24)))");
  };
  const std::string denied = std::to_string(static_cast<int>(Code::RequestDenied));
  EXPECT_EQ(send("Example.com"), denied);
  EXPECT_EQ(refused, "--allow-http http://example.com:80");
  ASSERT_TRUE(ctx.http.allow("http://example.com"));
  ASSERT_TRUE(ctx.http.allow("https://*.org"));
  EXPECT_EQ(send("Example.com"), "0");
  EXPECT_EQ(refused, "");
  EXPECT_EQ(send("example.com:81"), denied);
  EXPECT_EQ(send("a.org"), denied);
  EXPECT_EQ(refused, "--allow-http http://a.org:80");
}

TEST_F(OutgoingHttp, InvalidRequestsAreErrors) {
  const auto send = [&](const std::string& set) {
    return run("(local.set $a (call $request (call $fields)))" + set +
               "(call $send (local.get $a) (i32.const 0) (i32.const 0) (i32.const 16))"
               "(i32.mul (call $b (i32.const 16)) (call $b (i32.const 24)))");
  };
  const std::string invalid = std::to_string(static_cast<int>(Code::RequestUriInvalid));
  const std::string there = "(drop (call $set_authority (local.get $a) (i32.const 1)" + text("a.example") + "))";
  EXPECT_EQ(send(""), invalid) << "no authority";
  EXPECT_EQ(send(there), "0");
  EXPECT_EQ(client->head.scheme->kind, HttpScheme::Kind::Https);
  EXPECT_EQ(send(there + "(drop (call $set_scheme (local.get $a) (i32.const 1) (i32.const 2)" + text("ftp") + "))"), invalid);
  EXPECT_EQ(send(there + "(drop (call $set_method (local.get $a) (i32.const 5) (i32.const 0) (i32.const 0)))"),
            std::to_string(static_cast<int>(Code::RequestMethodInvalid)));
  ctx.http_client.reset();
  EXPECT_EQ(send(there), std::to_string(static_cast<int>(Code::InternalError)));
}

TEST_F(OutgoingHttp, AWholeExchange) {
  // The response comes when the request has been sent; its body is what the request's was.
  client->on_send = [](TestClient::Pending& pending) {
    auto body = HttpBody::create({HttpBody::Of::Response});
    const auto out = body->sink();
    EXPECT_TRUE(out->check_write());
    EXPECT_TRUE(out->write({reinterpret_cast<const uint8_t*>("answer"), 6}));
    HttpFields trailers;
    EXPECT_EQ(trailers.append("t", "u"), HttpFields::Outcome::Ok);
    EXPECT_TRUE(body->finish(std::move(trailers)));
    HttpResponse response{{418, HttpFields()}, body};
    EXPECT_EQ(response.head.fields.append("x", "y"), HttpFields::Outcome::Ok);
    EXPECT_EQ(response.head.fields.append("Connection", "close"), HttpFields::Outcome::Ok);
    pending.resolve(std::move(response));
  };
  EXPECT_EQ(run(R"(
    (local.set $a (call $request (call $fields)))
    (drop (call $set_authority (local.get $a) (i32.const 1) )" + text("a.example") + R"())
    (drop (call $set_path (local.get $a) (i32.const 1) )" + text("/p?q") + R"())
    (drop (call $set_method (local.get $a) (i32.const 2) (i32.const 0) (i32.const 0)))
    (call $request_body (local.get $a) (i32.const 16)) (local.set $b (call $w (i32.const 20)))
    (call $write (local.get $b) (i32.const 16)) (local.set $c (call $w (i32.const 20)))
    (local.set $d (call $options))
    (drop (call $set_connect (local.get $d) (i32.const 1) (i64.const 1)))
    (drop (call $set_first (local.get $d) (i32.const 1) (i64.const 2)))
    (drop (call $set_between (local.get $d) (i32.const 1) (i64.const 3)))
    (call $send (local.get $a) (i32.const 1) (local.get $d) (i32.const 16)) (local.set $a (call $w (i32.const 24)))
    (call $put (local.get $c) )" + text("question") + R"((i32.const 16))
    (call $drop_Output (local.get $c))
    (call $finish (local.get $b) (i32.const 0) (i32.const 0) (i32.const 16))
    (if (call $b (i32.const 16)) (then (unreachable)))
    (local.set $b (call $future_event (local.get $a)))
    (call $block (local.get $b)) (call $drop_Pollable (local.get $b))
    (call $future (local.get $a) (i32.const 128)) (local.set $b (call $w (i32.const 152)))
    (call $future (local.get $a) (i32.const 128))  ;; the second time is an error
    (if (i32.ne (call $b (i32.const 136)) (i32.const 1)) (then (unreachable)))
    (call $drop_FutureResponse (local.get $a))
    (if (i32.ne (call $status (local.get $b)) (i32.const 418)) (then (unreachable)))
    (local.set $c (call $response_headers (local.get $b)))
    (call $entries (local.get $c) (i32.const 16)) (if (i32.ne (call $w (i32.const 20)) (i32.const 1)) (then (unreachable)))
    (call $drop_Fields (local.get $c))
    (call $consume (local.get $b) (i32.const 16)) (local.set $c (call $w (i32.const 20)))
    (call $consume (local.get $b) (i32.const 16)) (if (i32.eqz (call $b (i32.const 16))) (then (unreachable)))
    (call $drop_IncomingResponse (local.get $b))
    (call $stream (local.get $c) (i32.const 16)) (local.set $d (call $w (i32.const 20)))
    (call $stream (local.get $c) (i32.const 16)) (if (i32.eqz (call $b (i32.const 16))) (then (unreachable)))
    (call $read (local.get $d) (i64.const 3) (i32.const 16))
    (if (i32.ne (call $w (i32.const 24)) (i32.const 3)) (then (unreachable)))
    (call $drop_Input (local.get $d))
    (local.set $c (call $finish_in (local.get $c)))  ;; the rest is of no interest
    (local.set $d (call $trailers_event (local.get $c)))
    (call $block (local.get $d)) (call $drop_Pollable (local.get $d))
    (call $trailers (local.get $c) (i32.const 128))
    (local.set $d (call $w (i32.const 156)))
    (call $trailers (local.get $c) (i32.const 16)) (if (i32.ne (call $b (i32.const 24)) (i32.const 1)) (then (unreachable)))
    (i32.add (i32.shl (call $has (local.get $d) )" + text("T") + R"() (i32.const 1)) (call $b (i32.const 152))))"), "3");
  EXPECT_EQ(client->head.method.kind, HttpMethod::Kind::Post);
  EXPECT_EQ(client->head.path_with_query, "/p?q");
  EXPECT_EQ(client->options.connect_timeout, 1u);
  EXPECT_EQ(client->options.first_byte_timeout, 2u);
  EXPECT_EQ(client->options.between_bytes_timeout, 3u);
  EXPECT_EQ(read_all(*client->body), "question");
  EXPECT_TRUE(client->body->complete());
}

TEST_F(OutgoingHttp, WhatIsNotThereYetIsNone) {
  EXPECT_EQ(run("(local.set $a (call $request (call $fields)))"
                "(drop (call $set_authority (local.get $a) (i32.const 1)" + text("a.example") + "))"
                "(call $send (local.get $a) (i32.const 0) (i32.const 0) (i32.const 16))"
                "(local.set $a (call $w (i32.const 24))) (call $future (local.get $a) (i32.const 128))"
                "(local.set $b (call $future_event (local.get $a)))"
                "(i32.or (call $b (i32.const 128)) (call $ready (local.get $b)))"), "0");
  EXPECT_TRUE(client->body->ended());
}

// A request with a declared length, and what the guest does with its body: $a the body, $b its stream.
std::string sized(HttpGuest&, const std::string& fields, const std::string& rest) {
  return "(call $append (local.tee $c (call $fields))" + fields +
         "(i32.const 16)) (local.set $c (call $request (local.get $c)))"
         "(call $request_body (local.get $c) (i32.const 16)) (local.set $a (call $w (i32.const 20)))"
         "(call $write (local.get $a) (i32.const 16)) (local.set $b (call $w (i32.const 20)))" + rest;
}

TEST_F(OutgoingHttp, BodiesHaveTheLengthThatIsDeclared) {
  const std::string fields = text("Content-Length") + text("5");
  const std::string five = text("12345");
  const std::string finish =
      "(call $drop_Output (local.get $b)) (call $finish (local.get $a) (i32.const 0) (i32.const 0) (i32.const 128))"
      "(i32.or (i32.shl (call $b (i32.const 128)) (i32.const 16)) (i32.or (i32.shl (call $b (i32.const 136)) (i32.const 8))"
      "(call $w (i32.const 152))))";
  const std::string wrong = std::to_string(1 << 16 | static_cast<int>(Code::RequestBodySize) << 8 | 3);
  EXPECT_EQ(run("(i32.store (i32.const 152) (i32.const 0))" +
                sized(*this, fields, "(call $put (local.get $b)" + five + "(i32.const 16))" + finish)), "0");
  EXPECT_EQ(run(sized(*this, fields, "(call $put (local.get $b)" + text("123") + "(i32.const 16))" + finish)), wrong);
  // More fails at once, and says so through the stream's error.
  EXPECT_EQ(run(sized(*this, fields,
                      "(call $put (local.get $b)" + text("123456") + "(i32.const 16)) (if (i32.eqz (call $b (i32.const 16)))"
                      "(then (unreachable))) (call $error_code (call $w (i32.const 24)) (i32.const 64))"
                      "(i32.or (i32.shl (call $b (i32.const 64)) (i32.const 16)) (i32.or (i32.shl (call $b (i32.const 72))"
                      "(i32.const 8)) (call $w (i32.const 88))))")),
            std::to_string(1 << 16 | static_cast<int>(Code::RequestBodySize) << 8 | 6));
  // Several that disagree are no length.
  EXPECT_EQ(run("(call $append (local.tee $c (call $fields))" + fields + "(i32.const 16)) (call $append (local.get $c)" +
                text("content-length") + text("6") + "(i32.const 16))"
                "(call $request_body (call $request (local.get $c)) (i32.const 16)) (call $b (i32.const 16))"), "1");
}

TEST_F(OutgoingHttp, StreamsGoBeforeTheirBodies) {
  const std::string fields = text("a") + text("5");
  expect_trap("stream is still there",
              sized(*this, fields, "(call $finish (local.get $a) (i32.const 0) (i32.const 0) (i32.const 128)) (i32.const 0)"));
}

TEST_F(OutgoingHttp, StreamsGoBeforeTheirBodiesAreDropped) {
  expect_trap("children", sized(*this, text("a") + text("5"), "(call $drop_OutgoingBody (local.get $a)) (i32.const 0)"));
}

TEST_F(OutgoingHttp, BodiesThatAreNotFinishedFail) {
  EXPECT_EQ(run(sized(*this, text("a") + text("5"),
                      "(drop (call $set_authority (local.get $c) (i32.const 1)" + text("a.example") + "))"
                      "(call $send (local.get $c) (i32.const 0) (i32.const 0) (i32.const 16))"
                      "(call $drop_Output (local.get $b)) (call $drop_OutgoingBody (local.get $a)) (i32.const 0)")), "0");
  ASSERT_TRUE(client->body->error());
  EXPECT_EQ(client->body->error()->code, Code::ProtocolError);
}

TEST_F(OutgoingHttp, BodiesOfRequestsThatAreNotSentAreClosed) {
  EXPECT_EQ(run(sized(*this, text("a") + text("5"),
                      "(call $drop_OutgoingRequest (local.get $c)) (call $put (local.get $b)" + text("x") +
                      "(i32.const 16)) (i32.or (i32.shl (call $b (i32.const 16)) (i32.const 4)) (call $b (i32.const 20)))")),
            "17") << "closed";
}

class IncomingHttp : public HttpGuest {
 protected:
  static HttpRequestHead head() {
    HttpRequestHead h;
    h.method.kind = HttpMethod::Kind::Put;
    h.scheme = HttpScheme{};
    h.authority = "a.example";
    h.path_with_query = "/path";
    EXPECT_EQ(h.fields.append("Host", "a.example"), HttpFields::Outcome::Ok);
    EXPECT_EQ(h.fields.append("X-Y", "z"), HttpFields::Outcome::Ok);
    return h;
  }
  // answer(out, ok response)
  static std::string respond(const std::string& response) {
    return "(call $answer (local.get $out) (i32.const 0) " + response +
           " (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))";
  }
  TestExchange exchange{head(), HttpBody::empty(HttpBody::Of::Request)};
};

TEST_F(IncomingHttp, AWholeExchange) {
  exchange.body = HttpBody::create({HttpBody::Of::Request});
  const auto in = exchange.body->sink();
  ASSERT_TRUE(in->check_write());
  ASSERT_TRUE(in->write({reinterpret_cast<const uint8_t*>("hello"), 5}));
  ASSERT_TRUE(exchange.body->finish());
  // Echoes the body, with the path in a field, in two steps after the head; with a trailer.
  EXPECT_EQ(handle(exchange, R"(
    (call $in_method (local.get $request) (i32.const 16)) (if (i32.ne (call $b (i32.const 16)) (i32.const 3)) (then (unreachable)))
    (call $in_scheme (local.get $request) (i32.const 16)) (if (call $b (i32.const 20)) (then (unreachable)))
    (call $in_authority (local.get $request) (i32.const 16)) (if (i32.ne (call $w (i32.const 24)) (i32.const 9)) (then (unreachable)))
    (local.set $a (call $in_headers (local.get $request)))
    (if (call $has (local.get $a) )" + text("host") + R"() (then (unreachable)))
    (if (i32.eqz (call $has (local.get $a) )" + text("x-y") + R"()) (then (unreachable)))
    (call $drop_Fields (local.get $a))
    (call $in_consume (local.get $request) (i32.const 16)) (local.set $a (call $w (i32.const 20)))
    (call $stream (local.get $a) (i32.const 16)) (local.set $b (call $w (i32.const 20)))
    (call $in_path (local.get $request) (i32.const 32))
    (call $append (local.tee $c (call $fields)) )" + text("x-path") + R"( (call $w (i32.const 36)) (call $w (i32.const 40)) (i32.const 16))
    (call $inform (local.get $out) (i32.const 103) (call $fields) (i32.const 16))
    (if (call $b (i32.const 16)) (then (unreachable)))
    (call $inform (local.get $out) (i32.const 200) (call $fields) (i32.const 16))
    (if (i32.ne (call $b (i32.const 24)) (i32.const 35)) (then (unreachable)))
    (local.set $c (call $response (local.get $c)))
    (drop (call $set_status (local.get $c) (i32.const 201)))
    (if (i32.eqz (call $set_status (local.get $c) (i32.const 1000))) (then (unreachable)))
    (call $response_body (local.get $c) (i32.const 16)) (local.set $d (call $w (i32.const 20)))
    )" + respond("(local.get $c)") + R"(
    (call $write (local.get $d) (i32.const 16)) (local.set $c (call $w (i32.const 20)))
    (call $read (local.get $b) (i64.const 100) (i32.const 16))
    (call $put (local.get $c) (call $w (i32.const 20)) (call $w (i32.const 24)) (i32.const 32))
    (call $put (local.get $c) )" + text(" there") + R"( (i32.const 32))
    (call $drop_Output (local.get $c))
    (call $append (local.tee $c (call $fields)) )" + text("t") + text("u") + R"( (i32.const 16))
    (call $finish (local.get $d) (i32.const 1) (local.get $c) (i32.const 128)))"), "");
  ASSERT_TRUE(exchange.response);
  EXPECT_EQ(exchange.response->status, 201);
  EXPECT_EQ(exchange.response->fields.find("X-Path"), "/path");
  EXPECT_EQ(read_all(*exchange.response_body), "hello there");
  EXPECT_TRUE(exchange.response_body->complete());
  ASSERT_TRUE(exchange.response_body->trailers());
  EXPECT_EQ(exchange.response_body->trailers()->find("t"), "u");
  ASSERT_EQ(exchange.informed.size(), 1u);
  EXPECT_EQ(exchange.informed[0].status, 103);
}

TEST_F(IncomingHttp, WithoutABodyItIsEmpty) {
  EXPECT_EQ(handle(exchange, respond("(call $response (call $fields))")), "");
  ASSERT_TRUE(exchange.response);
  EXPECT_EQ(exchange.response->status, 200);
  EXPECT_TRUE(exchange.response_body->complete());
}

TEST_F(IncomingHttp, ALengthThatIsNotKeptFails) {
  const std::string length = "(call $append (local.tee $a (call $fields))" + text("content-length") + text("7") + "(i32.const 16))";
  EXPECT_EQ(handle(exchange, length + respond("(call $response (local.get $a))")), "");
  ASSERT_TRUE(exchange.response);
  ASSERT_TRUE(exchange.response_body->error());
  EXPECT_EQ(exchange.response_body->error()->code, Code::ResponseBodySize);
}

TEST_F(IncomingHttp, AnswersToHeadHaveNoBody) {
  const std::string length = "(call $append (local.tee $a (call $fields))" + text("content-length") + text("7") + "(i32.const 16))";
  exchange.head.method.kind = HttpMethod::Kind::Head;
  EXPECT_EQ(handle(exchange, length + respond("(call $response (local.get $a))")), "");
  ASSERT_TRUE(exchange.response);
  EXPECT_TRUE(exchange.response_body->complete());
  EXPECT_EQ(exchange.response->fields.find("content-length"), "7");
}

TEST_F(IncomingHttp, NoAnswerIsAFailure) {
  EXPECT_EQ(handle(exchange, ""), "");
  ASSERT_TRUE(exchange.error);
  EXPECT_EQ(exchange.error->code, Code::InternalError);
}

TEST_F(IncomingHttp, DroppingTheParameterIsAFailure) {
  EXPECT_EQ(handle(exchange, "(call $drop_ResponseOutparam (local.get $out)) (loop $l (br_if $l (i32.const 0)))"), "");
  ASSERT_TRUE(exchange.error);
}

TEST_F(IncomingHttp, ATrapIsAFailure) {
  EXPECT_NE(handle(exchange, "(unreachable)").find("unreachable"), std::string::npos);
  ASSERT_TRUE(exchange.error);
}

TEST_F(IncomingHttp, ATrapAfterTheHeadFailsTheBody) {
  EXPECT_NE(handle(exchange, "(call $response_body (local.tee $a (call $response (call $fields))) (i32.const 16))" +
                                 respond("(local.get $a)") + "(unreachable)"), "");
  ASSERT_TRUE(exchange.response);
  EXPECT_FALSE(exchange.response_body->ended());
  store.reset();
  core.reset();
  state.reset();
  ASSERT_TRUE(exchange.response_body->error());
}

TEST_F(IncomingHttp, ErrorsAreTold) {
  // HTTP-response-header-size(field-size-payload { some("ab"), some(9) }), which is case 27.
  const std::string t = text("ab");
  const size_t gap = t.find(") (") + 1;
  EXPECT_EQ(handle(exchange, "(call $answer (local.get $out) (i32.const 1) (i32.const 27) (i32.const 1) (i64.extend_i32_u" +
                                 t.substr(0, gap) + ")" + t.substr(gap) + "(i32.const 1) (i32.const 9) (i32.const 0))"), "");
  ASSERT_TRUE(exchange.error);
  EXPECT_EQ(exchange.error->code, Code::ResponseHeaderSize);
  EXPECT_EQ(exchange.error->text, "ab");
  EXPECT_EQ(exchange.error->number, 9u);
}

TEST_F(IncomingHttp, UnknownErrorsTrap) {
  EXPECT_NE(handle(exchange, "(call $answer (local.get $out) (i32.const 1) (i32.const 39) (i32.const 0) (i64.const 0)"
                             "(i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))").find("discriminant"),
            std::string::npos);
  ASSERT_TRUE(exchange.error);
}

TEST_F(IncomingHttp, ProvisionalAnswersAreNone) {
  EXPECT_EQ(handle(exchange, "(drop (call $set_status (local.tee $a (call $response (call $fields))) (i32.const 100)))" +
                                 respond("(local.get $a)")), "");
  ASSERT_TRUE(exchange.error);
}

TEST_F(IncomingHttp, AnswersWithChildrenTrap) {
  EXPECT_NE(handle(exchange, "(drop (call $own_headers (local.tee $a (call $response (call $fields)))))" +
                                 respond("(local.get $a)")).find("children"), std::string::npos);
  ASSERT_TRUE(exchange.error);
}

TEST_F(IncomingHttp, RequestBodiesAreHeldBackAndClosed) {
  exchange.body = HttpBody::create({HttpBody::Of::Request});
  EXPECT_EQ(handle(exchange, "(call $in_consume (local.get $request) (i32.const 16)) (call $drop_IncomingRequest (local.get $request))"
                             "(call $drop_IncomingBody (call $w (i32.const 20)))" + respond("(call $response (call $fields))")), "");
  EXPECT_TRUE(exchange.body->closed());
}

TEST_F(IncomingHttp, StreamsGoBeforeTheirBodies) {
  EXPECT_NE(handle(exchange, "(call $in_consume (local.get $request) (i32.const 16)) (call $stream (local.tee $a (call $w (i32.const 20)))"
                             "(i32.const 16)) (drop (call $finish_in (local.get $a)))").find("stream is still there"),
            std::string::npos);
}

TEST_F(IncomingHttp, ErrorsOfBodiesReachTheirReaders) {
  exchange.body = HttpBody::create({HttpBody::Of::Request});
  exchange.body->fail({Code::ConnectionTerminated});
  const std::string code = std::to_string(static_cast<int>(Code::ConnectionTerminated));
  EXPECT_EQ(handle(exchange, "(call $in_consume (local.get $request) (i32.const 16)) (local.set $a (call $w (i32.const 20)))"
                             "(call $stream (local.get $a) (i32.const 16)) (local.set $b (call $w (i32.const 20)))"
                             "(call $read (local.get $b) (i64.const 10) (i32.const 16))"
                             "(call $error_code (call $w (i32.const 24)) (i32.const 64))"
                             "(if (i32.ne (call $b (i32.const 72)) (i32.const " + code + ")) (then (unreachable)))"
                             "(call $drop_Input (local.get $b)) (call $trailers (call $finish_in (local.get $a)) (i32.const 128))"
                             "(if (i32.ne (call $b (i32.const 152)) (i32.const " + code + ")) (then (unreachable)))" +
                             respond("(call $response (call $fields))")), "");
}

TEST_F(IncomingHttp, PathsAreText) {
  exchange.head.path_with_query = "/\xff";
  EXPECT_EQ(handle(exchange, "(unreachable)"), "");
  ASSERT_TRUE(exchange.error);
  EXPECT_EQ(exchange.error->code, Code::RequestUriInvalid);
}

TEST_F(IncomingHttp, NotEveryComponentHandlesRequests) {
  auto binary = component::component_wat_to_binary("(component)", engine->features());
  const auto compiled = component::compile_component(*engine, SharedBytes::own(std::move(*binary)));
  EXPECT_FALSE(HttpHandler::find(p2, **compiled));
}

TEST_F(IncomingHttp, AHandlerOfAnotherTypeIsRefused) {
  auto binary = component::component_wat_to_binary(R"((component
    (core module $m (func (export "h") (param i32 i32)))
    (core instance $i (instantiate $m))
    (func $h (param "a" u32) (param "b" u32) (canon lift (core func $i "h")))
    (instance $x (export "handle" (func $h)))
    (export "wasi:http/incoming-handler@0.2.0" (instance $x))))", engine->features());
  ASSERT_TRUE(binary) << binary.error().message();
  component = *component::compile_component(*engine, SharedBytes::own(std::move(*binary)));
  state = p2.attach(*store, ctx);
  const auto instance = linker.instantiate(*store, component);
  ASSERT_TRUE(instance);
  const std::shared_ptr<HttpExchange> shared(std::shared_ptr<void>(), &exchange);
  EXPECT_FALSE(HttpHandler::find(p2, *component)->call(*store, **instance, shared));
  EXPECT_TRUE(exchange.error);
}

}  // namespace
}  // namespace skiff::wasi
