// Fibers and slices, the HTTP/1 parser, routes, the configuration file. What needs sockets is in serve_test.py.
#include <gtest/gtest.h>

#include <fstream>

#include "runtime/host/host_file.h"
#include "runtime/host/http1_parser.h"
#include "runtime/host/loop.h"
#include "runtime/host/shard.h"

namespace skiff::host {
namespace {

using Step = Http1Parser::Step;

std::span<const uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

struct Walker {
  Fibers* fibers;
  Fiber* fiber = nullptr;
  std::string* log;
  char name;
};

void walk(void* data) {
  auto& w = *static_cast<Walker*>(data);
  Fiber& self = *w.fibers->current();
  for (int i = 0; i < 3; ++i) {
    *w.log += w.name;
    if (i == 1) self.park();
    else self.yield();
  }
}

TEST(Fibers, TakeTurnsAndWait) {
  Fibers fibers(1 << 16, nullptr);
  std::string log;
  Walker a{&fibers, nullptr, &log, 'a'}, b{&fibers, nullptr, &log, 'b'};
  a.fiber = fibers.spawn(walk, &a).value();
  b.fiber = fibers.spawn(walk, &b).value();
  for (int i = 0; i < 5; ++i) fibers.run();
  EXPECT_EQ(log, "abab");
  EXPECT_FALSE(fibers.has_ready());
  b.fiber->unpark();
  while (fibers.has_ready()) fibers.run();
  EXPECT_EQ(log, "ababb");
  a.fiber->unpark();
  while (fibers.has_ready()) fibers.run();
  EXPECT_EQ(log, "ababba");
  EXPECT_EQ(fibers.in_use(), 0u);
}

TEST(Fibers, UnparkBeforeParkIsNotLost) {
  Fibers fibers(1 << 16, nullptr);
  auto entry = [](void* data) {
    Fiber& self = *static_cast<Fibers*>(data)->current();
    self.unpark();
    self.park();
  };
  ASSERT_TRUE(fibers.spawn(entry, &fibers));
  fibers.run();
  EXPECT_EQ(fibers.in_use(), 0u);
}

TEST(Loop, JobsOnceAndFromAnotherThread) {
  auto loop = std::move(Loop::create(1 << 16, nullptr).value());
  struct Count final : Job {
    void act() override { ++times; }
    int times = 0;
  } count, forgotten;
  loop->later(count);
  loop->later(count);
  loop->later(forgotten);
  forgotten.forget();
  std::thread other([&] {
    loop->post([&] { loop->later(count); });
    loop->stop();
  });
  loop->run();
  other.join();
  EXPECT_GE(count.times, 1);
  EXPECT_LE(count.times, 2);
  EXPECT_EQ(forgotten.times, 0);
}

TEST(Http1Parser, AnySplitGivesTheSame) {
  const std::string_view text =
      "POST /a?b HTTP/1.1\r\nHost: example.com:8080\r\nX: 1\r\nx: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6;ext=\"v\"\r\n world\r\n0\r\nT: x\r\n\r\nGET /next";
  for (size_t step = 1; step < 40; ++step) {
    Http1Parser parser({});
    std::string waiting, body_text;
    size_t next = 0;
    Step last = Step::More;
    std::shared_ptr<wasi::HttpBody> body;
    while (last != Step::Done && last != Step::Bad) {
      if (last == Step::More || waiting.empty()) {
        const size_t n = std::min(step, text.size() - next);
        if (n == 0) break;
        waiting += text.substr(next, n);
        next += n;
      }
      size_t used = 0;
      last = parser.feed(bytes(waiting), used);
      waiting.erase(0, used);
      if (last == Step::Head) {
        EXPECT_EQ(parser.head().authority, "example.com:8080");
        EXPECT_EQ(parser.head().path_with_query, "/a?b");
        EXPECT_EQ(parser.head().fields.count(), 4u);
        body = wasi::HttpBody::create({.of = wasi::HttpBody::Of::Request, .length = {}, .capacity = 4});
        parser.set_body(body);
      }
      for (; body && !body->data().empty();) {
        const auto piece = body->data();
        body_text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
        body->consumed(piece.size());
      }
    }
    ASSERT_EQ(last, Step::Done) << step << parser.reason();
    EXPECT_EQ(body_text, "hello world");
    ASSERT_TRUE(body->complete());
    ASSERT_NE(body->trailers(), nullptr);
    EXPECT_EQ(body->trailers()->find("t"), "x");
    EXPECT_EQ(waiting + std::string(text.substr(next)), "GET /next");
  }
}

TEST(Http1Parser, Targets) {
  const auto head = [](std::string_view line) {
    Http1Parser parser({});
    size_t used = 0;
    const Step step = parser.feed(bytes(std::string(line) + " HTTP/1.1\r\nHost: h\r\n\r\n"), used);
    return step == Step::Head ? *parser.head().authority + " " + *parser.head().path_with_query
                              : std::to_string(parser.status());
  };
  EXPECT_EQ(head("GET /"), "h /");
  EXPECT_EQ(head("GET http://o.example:81/p?q"), "o.example:81 /p?q");
  EXPECT_EQ(head("GET http://o.example?q"), "o.example /?q");
  EXPECT_EQ(head("OPTIONS *"), "h *");
  EXPECT_EQ(head("GET *"), "400");
  EXPECT_EQ(head("GET ftp://x/"), "400");
  EXPECT_EQ(head("GET http://u@x/"), "400");
  EXPECT_EQ(head("GET /#f"), "400");
}

TEST(Routes, MostExactHostThenLongestPrefix) {
  AppLoader loader;
  Routes routes;
  const auto app = [&](std::string_view host, std::string_view prefix, const char* name) {
    routes.add(host, prefix, std::make_shared<App>(AppSpec{.name = name}, loader));
  };
  app("*", "/", "all");
  app("*", "/api", "api");
  app("a.example", "/", "a");
  app("*.example", "/x/", "wild");
  const auto find = [&](std::string_view host, std::string_view path) {
    const App* found = routes.find(host, path);
    return found ? found->name() : "";
  };
  EXPECT_EQ(find("b.test", "/"), "all");
  EXPECT_EQ(find("b.test", "/api"), "api");
  EXPECT_EQ(find("b.test", "/api?x"), "api");
  EXPECT_EQ(find("b.test", "/apis"), "all");
  EXPECT_EQ(find("A.EXAMPLE:80", "/api"), "a");
  EXPECT_EQ(find("c.example", "/x/y"), "wild");
  EXPECT_EQ(find("c.example", "/api"), "api");
  EXPECT_EQ(find("d.c.example", "/x"), "wild");
  EXPECT_EQ(find("[::1]:80", "/"), "all");
}

class HostFileTest : public testing::Test {
 protected:
  std::string read(std::string_view text) {
    const std::string path = testing::TempDir() + "/host_file_test.toml";
    std::ofstream(path) << text;
    auto file = read_host_file(path, {});
    if (!file) return file.error().substr(path.size());
    last = std::move(*file);
    return "";
  }
  HostFile last;
};

TEST_F(HostFileTest, Reads) {
  EXPECT_EQ(read(R"(listen = "127.0.0.1:80"
evict-after = "5m"
max-body = "2M"
[[app]]
component = "x/shop.wasm"
routes = ["a.example/", "*/b"]
env = { A = "1" }
dir = "data"
timeout = "1.5s"
max-memory = "64M"
)"),
            "");
  ASSERT_EQ(last.apps.size(), 1u);
  const HostApp& app = last.apps[0];
  EXPECT_EQ(app.name, "shop");
  EXPECT_EQ(app.component, testing::TempDir() + "/x/shop.wasm");
  EXPECT_EQ(app.routes[1], (std::pair<std::string, std::string>("*", "/b")));
  EXPECT_EQ(app.grants.size(), 2u);
  EXPECT_EQ(app.limits.wall, std::chrono::milliseconds(1500));
  EXPECT_EQ(app.limits.store.memory_bytes, uint64_t{64} << 20);
  EXPECT_EQ(last.server.limits.http.body_bytes, uint64_t{2} << 20);
  EXPECT_EQ(last.server.idle, std::chrono::minutes(5));
}

TEST_F(HostFileTest, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(read(""), ": no application: there is no [[app]]");
  EXPECT_EQ(read("colour = 1\n"), ":1: unknown key 'colour'");
  EXPECT_EQ(read("\n\nthreads = 0\n"), ":3: must be from 1 to 1024");
  EXPECT_EQ(read("[[app]]\nname = \"x\"\n"), ":1: an application without 'component'");
  EXPECT_EQ(read("[[app]]\ncomponent = \"x\"\nroutes = \"x\"\n"), ":3: 'x' is not of the form HOST/PREFIX; HOST may be *");
  EXPECT_EQ(read("[[app]]\ncomponent = \"x\"\n[[app]]\nname = \"y\"\ncomponent = \"x\"\n"),
            ":3: two applications have the route '*/'");
}

}  // namespace
}  // namespace skiff::host
