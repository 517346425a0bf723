// The network: addresses, the policy, TCP, UDP, names. On loopback only.
#include <gtest/gtest.h>

#include <atomic>

#include "wasi/os/lookup.h"
#include "wasi/os/net_policy.h"
#include "wasi/os/tcp.h"
#include "wasi/os/udp.h"

namespace skiff::wasi {
namespace {

using Kind = StreamFault::Kind;

IpAddress ip(std::string_view text) {
  const auto a = IpAddress::parse(text);
  EXPECT_TRUE(a) << text;
  return a.value_or(IpAddress{});
}
SocketAddress at(std::string_view text, uint16_t port) { return {ip(text), port}; }
std::span<const uint8_t> bytes_of(std::string_view s) {
  return {reinterpret_cast<const uint8_t*>(s.data()), s.size()};
}

TEST(Address, ParsesAndPrints) {
  EXPECT_EQ(ip("127.0.0.1").text(), "127.0.0.1");
  EXPECT_EQ(at("::1", 80).text(), "[::1]:80");
  EXPECT_EQ(IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 0x12}).text(), "fe80::12");
  for (const char* bad : {"", "127.1", "1.2.3.4.5", "fe80::1%lo", "0x7f.0.0.1", "127.0.0.1:80"})
    EXPECT_FALSE(IpAddress::parse(bad)) << bad;
  const SocketAddress a = {ip("fe80::1"), 7, 5, 3};
  EXPECT_EQ(from_host(to_host(a)), a);
}

TEST(Address, KnowsWhatIsInternal) {
  for (const char* s : {"0.0.0.0", "127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1",
                        "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1",
                        "fd00::1", "ff02::1", "::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::10.0.0.1", "2002:7f00:1::",
                        "2001:0:1::1"})
    EXPECT_TRUE(ip(s).is_internal()) << s;
  for (const char* s : {"8.8.8.8", "172.32.0.1", "2606:4700::1", "64:ff9b::8.8.8.8", "2002:808:808::"})
    EXPECT_FALSE(ip(s).is_internal()) << s;
  EXPECT_TRUE(ip("::ffff:1.2.3.4").is_ipv4_in_ipv6());
  EXPECT_FALSE(ip("::1").is_ipv4_in_ipv6());
}

TEST(NetPolicy, GrantsNothingByItself) {
  const NetPolicy policy;
  EXPECT_FALSE(policy.allows_sockets());
  EXPECT_FALSE(policy.allows_lookup());
  for (const NetUse use : {NetUse::TcpConnect, NetUse::TcpBind, NetUse::UdpSend, NetUse::UdpBind})
    EXPECT_FALSE(policy.allows(use, at("8.8.8.8", 53)));
}

TEST(NetPolicy, RulesByAddress) {
  NetPolicy policy;
  ASSERT_TRUE(policy.allow_connect("10.0.0.0/8:80"));
  ASSERT_TRUE(policy.allow_connect("[fd00::]/16:8000-8999"));
  EXPECT_TRUE(policy.allows(NetUse::TcpConnect, at("10.9.9.9", 80)));
  EXPECT_FALSE(policy.allows(NetUse::TcpConnect, at("10.9.9.9", 81)));
  EXPECT_FALSE(policy.allows(NetUse::TcpConnect, at("11.0.0.1", 80)));
  EXPECT_FALSE(policy.allows(NetUse::TcpBind, at("10.9.9.9", 80)));
  EXPECT_TRUE(policy.allows(NetUse::UdpSend, at("fd00::1", 8500)));
  EXPECT_FALSE(policy.allows(NetUse::UdpSend, at("fd01::1", 8500)));
}

TEST(NetPolicy, AnyHostIsNotTheInternalOnes) {
  NetPolicy policy;
  ASSERT_TRUE(policy.allow_connect("*:443"));
  EXPECT_TRUE(policy.allows(NetUse::TcpConnect, at("8.8.8.8", 443)));
  for (const char* s : {"127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:8.8.8.8", "64:ff9b::7f00:1"})
    EXPECT_FALSE(policy.allows(NetUse::TcpConnect, at(s, 443))) << s;
  policy.allow_all();
  EXPECT_TRUE(policy.allows(NetUse::TcpConnect, at("127.0.0.1", 443)));
  EXPECT_FALSE(policy.allows(NetUse::TcpConnect, at("::ffff:8.8.8.8", 443))) << "in disguise never";
}

TEST(NetPolicy, NamesAllowWhatTheyWereResolvedTo) {
  NetPolicy policy;
  ASSERT_TRUE(policy.allow_connect("Example.com:443"));
  ASSERT_TRUE(policy.allow_connect("*.test.org:80"));
  EXPECT_TRUE(policy.may_look_up("EXAMPLE.com."));
  EXPECT_TRUE(policy.may_look_up("a.test.org"));
  EXPECT_FALSE(policy.may_look_up("test.org"));
  EXPECT_FALSE(policy.may_look_up("evilexample.com"));
  EXPECT_FALSE(policy.allows(NetUse::TcpConnect, at("8.8.8.8", 443))) << "not resolved yet";
  // An answer that points inside is neither told nor allowed.
  const auto told = policy.resolved("example.com", {ip("8.8.8.8"), ip("10.0.0.1"), ip("::ffff:9.9.9.9")});
  EXPECT_EQ(told, (std::vector<IpAddress>{ip("8.8.8.8")}));
  EXPECT_TRUE(policy.allows(NetUse::TcpConnect, at("8.8.8.8", 443)));
  EXPECT_FALSE(policy.allows(NetUse::TcpConnect, at("8.8.8.8", 80)));
  EXPECT_FALSE(policy.allows(NetUse::TcpConnect, at("10.0.0.1", 443)));
}

TEST(NetPolicy, BadRules) {
  NetPolicy policy;
  for (const char* bad : {"", "example.com", ":80", "a:b", "a:99999", "a:9-8", "10.0.0.0/33:1", "fd00::1:80", "[10.0.0.1]:1",
                          "a/8:1", "a b:1", "-:", "[::1:80", "*.:1", "10.0.0.0/:1"})
    EXPECT_FALSE(policy.allow_connect(bad)) << bad;
  EXPECT_FALSE(policy.allow_bind("example.com:80"));
}

struct Net : testing::Test {
  NetPolicy policy;
  ThreadScheduler scheduler;
  NetContext net{policy, scheduler};
  Blocking how{scheduler, {}};

  void allow_loopback() {
    ASSERT_TRUE(policy.allow_connect("127.0.0.0/8:*"));
    ASSERT_TRUE(policy.allow_bind("127.0.0.1:*"));
  }
  std::shared_ptr<TcpSocket> tcp() { return *TcpSocket::create(net, AddressFamily::Ipv4); }
  std::shared_ptr<UdpSocket> udp() { return *UdpSocket::create(net, AddressFamily::Ipv4); }
  std::shared_ptr<TcpSocket> listener() {
    auto s = tcp();
    EXPECT_TRUE(s->start_bind(at("127.0.0.1", 0)));
    EXPECT_TRUE(s->finish_bind());
    EXPECT_TRUE(s->start_listen());
    EXPECT_TRUE(s->finish_listen());
    return s;
  }
  struct Pair {
    std::shared_ptr<TcpSocket> listener, client, server;
    TcpStreams to_server, to_client;
  };
  Pair connected() {
    Pair p{listener(), tcp(), {}, {}, {}};
    EXPECT_TRUE(p.client->start_connect(*p.listener->local()));
    EXPECT_TRUE(wait_one(*p.client, scheduler, {}));
    p.to_server = *p.client->finish_connect();
    EXPECT_TRUE(wait_one(*p.listener, scheduler, {}));
    auto accepted = p.listener->accept();
    EXPECT_TRUE(accepted);
    p.server = accepted->socket;
    p.to_client = accepted->streams;
    return p;
  }
};
using Tcp = Net;
using Udp = Net;

TEST_F(Tcp, NothingWithoutAGrant) {
  EXPECT_EQ(TcpSocket::create(net, AddressFamily::Ipv4).error(), NetError::AccessDenied);
  EXPECT_EQ(UdpSocket::create(net, AddressFamily::Ipv6).error(), NetError::AccessDenied);
}

TEST_F(Tcp, SocketsAreCounted) {
  allow_loopback();
  net.max_sockets = 2;
  auto a = tcp();
  auto b = tcp();
  EXPECT_EQ(TcpSocket::create(net, AddressFamily::Ipv4).error(), NetError::NewSocketLimit);
  b.reset();
  EXPECT_TRUE(TcpSocket::create(net, AddressFamily::Ipv4));
}

TEST_F(Tcp, StatesOfBindAndListen) {
  allow_loopback();
  const auto s = tcp();
  EXPECT_EQ(s->finish_bind().error(), NetError::NotInProgress);
  EXPECT_EQ(s->start_listen().error(), NetError::InvalidState) << "not bound";
  EXPECT_EQ(s->local().error(), NetError::InvalidState);
  ASSERT_TRUE(s->start_bind(at("127.0.0.1", 0)));
  EXPECT_EQ(s->start_bind(at("127.0.0.1", 0)).error(), NetError::ConcurrencyConflict);
  EXPECT_EQ(s->local().error(), NetError::InvalidState);
  ASSERT_TRUE(s->finish_bind());
  EXPECT_EQ(s->start_bind(at("127.0.0.1", 0)).error(), NetError::InvalidState);
  EXPECT_NE(s->local()->port, 0);
  EXPECT_EQ(s->accept().error(), NetError::InvalidState);
  ASSERT_TRUE(s->start_listen());
  ASSERT_TRUE(s->finish_listen());
  EXPECT_EQ(s->start_connect(at("127.0.0.1", 1)).error(), NetError::InvalidState);
  EXPECT_EQ(s->accept().error(), NetError::WouldBlock);
  EXPECT_FALSE(is_ready(*s));
  EXPECT_EQ(s->remote().error(), NetError::InvalidState);
  EXPECT_EQ(s->shutdown(TcpSocket::Shutdown::Both).error(), NetError::InvalidState);
  const auto second = tcp();
  EXPECT_EQ(second->start_bind(*s->local()).error(), NetError::AddressInUse);
}

TEST_F(Tcp, AddressesAreCheckedBeforeTheHostSeesThem) {
  allow_loopback();
  std::vector<std::string> refused;
  policy.on_refused = [&](std::string_view grant) { refused.emplace_back(grant); };
  const auto s = tcp();
  EXPECT_EQ(s->start_bind(at("::1", 0)).error(), NetError::InvalidArgument);
  EXPECT_EQ(s->start_bind(at("224.0.0.1", 0)).error(), NetError::InvalidArgument);
  EXPECT_EQ(s->start_bind(at("0.0.0.0", 4711)).error(), NetError::AccessDenied);
  EXPECT_EQ(s->start_connect(at("127.0.0.1", 0)).error(), NetError::InvalidArgument);
  EXPECT_EQ(s->start_connect(at("0.0.0.0", 1)).error(), NetError::InvalidArgument);
  EXPECT_EQ(s->start_connect(at("10.0.0.1", 80)).error(), NetError::AccessDenied);
  const auto six = *TcpSocket::create(net, AddressFamily::Ipv6);
  EXPECT_EQ(six->start_connect(at("::ffff:127.0.0.1", 80)).error(), NetError::InvalidArgument);
  EXPECT_EQ(six->start_bind(at("::ffff:127.0.0.1", 80)).error(), NetError::InvalidArgument);
  EXPECT_EQ(refused, (std::vector<std::string>{"--allow-listen 0.0.0.0:4711", "--allow-net 10.0.0.1:80"}));
}

TEST_F(Tcp, ClientsMayBindButNotListen) {
  ASSERT_TRUE(policy.allow_connect("127.0.0.1:*"));
  const auto s = tcp();
  ASSERT_TRUE(s->start_bind(at("0.0.0.0", 0)));
  ASSERT_TRUE(s->finish_bind());
  EXPECT_EQ(s->start_listen().error(), NetError::AccessDenied);
}

TEST_F(Tcp, RefusedConnectionClosesTheSocket) {
  allow_loopback();
  SocketAddress nobody;
  {
    const auto s = tcp();
    ASSERT_TRUE(s->start_bind(at("127.0.0.1", 0)));
    ASSERT_TRUE(s->finish_bind());
    nobody = *s->local();
  }
  const auto s = tcp();
  NetIo<void> started = s->start_connect(nobody);
  NetError error = NetError::Unknown;
  if (started) {
    EXPECT_TRUE(wait_one(*s, scheduler, {}));
    error = s->finish_connect().error();
  } else {
    error = started.error();
  }
  EXPECT_EQ(error, NetError::ConnectionRefused);
  EXPECT_EQ(s->start_connect(nobody).error(), NetError::InvalidState);
  EXPECT_EQ(s->hop_limit().error(), NetError::InvalidState);
}

TEST_F(Tcp, TalksBothWaysAndEnds) {
  allow_loopback();
  Pair p = connected();
  EXPECT_EQ(*p.client->remote(), *p.listener->local());
  EXPECT_EQ(*p.server->remote(), *p.client->local());
  uint8_t buffer[16];
  EXPECT_EQ(p.to_client.in->read(buffer).value_or(1), 0u) << "nothing yet";
  ASSERT_TRUE(blocking_write_and_flush(*p.to_server.out, bytes_of("ping"), how));
  ASSERT_EQ(blocking_read(*p.to_client.in, buffer, how).value_or(0), 4u);
  ASSERT_TRUE(p.client->shutdown(TcpSocket::Shutdown::Send));
  ASSERT_TRUE(p.client->shutdown(TcpSocket::Shutdown::Send)) << "idempotent";
  EXPECT_EQ(p.to_server.out->check_write().error().kind, Kind::Closed);
  EXPECT_EQ(blocking_read(*p.to_client.in, buffer, how).error().kind, Kind::Closed);
  EXPECT_EQ(p.to_client.in->read(buffer).error().kind, Kind::Closed) << "for ever";
  ASSERT_TRUE(p.server->shutdown(TcpSocket::Shutdown::Receive));
  // The other direction still works.
  ASSERT_TRUE(blocking_write_and_flush(*p.to_client.out, bytes_of("pong"), how));
  ASSERT_EQ(blocking_read(*p.to_server.in, buffer, how).value_or(0), 4u);
}

TEST_F(Tcp, WhatTheKernelDoesNotTakeGoesOutWhileWaiting) {
  allow_loopback();
  Pair p = connected();
  ASSERT_TRUE(p.client->set_buffer_size(false, 1));
  ASSERT_TRUE(p.server->set_buffer_size(true, 1));
  const std::vector<uint8_t> chunk(kStreamChunk, 'x');
  size_t sent = 0;
  while (p.to_server.out->check_write().value_or(0) != 0) {  // until the peer's back-pressure arrives
    ASSERT_TRUE(p.to_server.out->write(chunk));
    sent += chunk.size();
    ASSERT_LT(sent, size_t{64} << 20);
  }
  EXPECT_FALSE(is_ready(*p.to_server.out));
  // Nobody touches the output stream again: its rest is sent by the loop, while the server waits for input.
  ASSERT_TRUE(p.client->shutdown(TcpSocket::Shutdown::Send));
  size_t received = 0;
  std::vector<uint8_t> buffer(kStreamChunk);
  for (;;) {
    const auto n = blocking_read(*p.to_client.in, buffer, how);
    if (!n) {
      EXPECT_EQ(n.error().kind, Kind::Closed);
      break;
    }
    received += *n;
  }
  EXPECT_EQ(received, sent);
}

TEST_F(Tcp, ResetIsToldOnceAsASocketsError) {
  allow_loopback();
  Pair p = connected();
  ASSERT_TRUE(blocking_write_and_flush(*p.to_server.out, bytes_of("unread"), how));
  ASSERT_TRUE(wait_one(*p.to_client.in, scheduler, {}));
  p.to_client = {};
  p.server.reset();  // closes with unread data: a reset
  uint8_t buffer[16];
  const auto r = blocking_read(*p.to_server.in, buffer, how);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind, Kind::Failed);
  EXPECT_EQ(r.error().error.origin, ErrorOrigin::Socket);
  EXPECT_EQ(net_error_of(r.error().error.code), NetError::ConnectionReset);
  EXPECT_EQ(p.to_server.in->read(buffer).error().kind, Kind::Closed);
}

TEST_F(Tcp, OptionsAreClampedAndZeroIsRefused) {
  allow_loopback();
  const auto s = listener();
  EXPECT_EQ(s->set_hop_limit(0).error(), NetError::InvalidArgument);
  EXPECT_EQ(s->set_keep_alive_count(0).error(), NetError::InvalidArgument);
  EXPECT_EQ(s->set_keep_alive_idle_time(0).error(), NetError::InvalidArgument);
  EXPECT_EQ(s->set_keep_alive_interval(0).error(), NetError::InvalidArgument);
  EXPECT_EQ(s->set_buffer_size(true, 0).error(), NetError::InvalidArgument);
  EXPECT_EQ(s->set_listen_backlog_size(0).error(), NetError::InvalidArgument);
  EXPECT_TRUE(s->set_listen_backlog_size(~uint64_t{0}));
  ASSERT_TRUE(s->set_hop_limit(42));
  ASSERT_TRUE(s->set_keep_alive(true));
  ASSERT_TRUE(s->set_keep_alive_count(~uint32_t{0}));
  ASSERT_TRUE(s->set_keep_alive_idle_time(~uint64_t{0}));
  ASSERT_TRUE(s->set_keep_alive_interval(1));
  ASSERT_TRUE(s->set_buffer_size(false, ~uint64_t{0}));
  EXPECT_EQ(*s->keep_alive_interval(), 1'000'000'000u) << "rounded up";
  EXPECT_GT(*s->buffer_size(false), 0u);
  // Accepted sockets inherit.
  const auto client = tcp();
  ASSERT_TRUE(client->start_connect(*s->local()));
  ASSERT_TRUE(wait_one(*s, scheduler, {}));
  const auto accepted = s->accept();
  ASSERT_TRUE(accepted);
  EXPECT_EQ(*accepted->socket->hop_limit(), 42);
  EXPECT_TRUE(*accepted->socket->keep_alive());
  EXPECT_EQ(*accepted->socket->keep_alive_idle_time(), *s->keep_alive_idle_time());
  EXPECT_EQ(*accepted->socket->keep_alive_count(), *s->keep_alive_count());
}

std::shared_ptr<UdpSocket> bound(std::shared_ptr<UdpSocket> s, const SocketAddress& a) {
  EXPECT_TRUE(s->start_bind(a));
  EXPECT_TRUE(s->finish_bind());
  return s;
}

TEST_F(Udp, SendsAndReceives) {
  allow_loopback();
  const auto a = bound(udp(), at("127.0.0.1", 0)), b = bound(udp(), at("127.0.0.1", 0));
  EXPECT_EQ(a->send(bytes_of("x"), std::nullopt).error(), NetError::InvalidArgument) << "to whom?";
  EXPECT_TRUE(a->receive(16, 1 << 20)->empty());
  ASSERT_TRUE(*a->send(bytes_of("one"), *b->local()));
  ASSERT_TRUE(*a->send(bytes_of(""), *b->local()));
  const auto got = *b->receive(~uint64_t{0}, 1 << 20);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].from, *a->local());
  EXPECT_EQ(std::string(got[0].data.begin(), got[0].data.end()), "one");
  EXPECT_TRUE(got[1].data.empty());
  const std::vector<uint8_t> huge(70'000);
  EXPECT_EQ(a->send(huge, *b->local()).error(), NetError::DatagramTooLarge);
}

TEST_F(Udp, StatesAndPeers) {
  allow_loopback();
  const auto a = udp(), b = bound(udp(), at("127.0.0.1", 0)), c = bound(udp(), at("127.0.0.1", 0));
  EXPECT_EQ(a->connect(std::nullopt).error(), NetError::InvalidState) << "not bound";
  EXPECT_EQ(a->finish_bind().error(), NetError::NotInProgress);
  EXPECT_EQ(a->local().error(), NetError::InvalidState);
  bound(a, at("127.0.0.1", 0));
  EXPECT_EQ(a->start_bind(at("127.0.0.1", 0)).error(), NetError::InvalidState);
  EXPECT_EQ(a->remote().error(), NetError::InvalidState);
  ASSERT_TRUE(*c->send(bytes_of("early"), *a->local()));
  ASSERT_TRUE(a->connect(*b->local()));
  EXPECT_EQ(*a->remote(), *b->local());
  EXPECT_EQ(a->send(bytes_of("x"), *c->local()).error(), NetError::InvalidArgument) << "only to the peer";
  ASSERT_TRUE(*a->send(bytes_of("x"), std::nullopt));
  EXPECT_EQ(b->receive(1, 1000)->size(), 1u);
  EXPECT_TRUE(a->receive(16, 1 << 20)->empty()) << "what others sent before does not count";
  ASSERT_TRUE(a->connect(std::nullopt));
  EXPECT_EQ(a->remote().error(), NetError::InvalidState);
  ASSERT_TRUE(*a->send(bytes_of("x"), *c->local()));
}

TEST_F(Udp, EverySendIsChecked) {
  ASSERT_TRUE(policy.allow_connect("127.0.0.1:9"));
  const auto s = udp();
  EXPECT_EQ(s->start_bind(at("127.0.0.1", 0)).error(), NetError::AccessDenied);
  bound(s, at("0.0.0.0", 0));
  EXPECT_EQ(s->send(bytes_of("x"), at("127.0.0.1", 10)).error(), NetError::AccessDenied);
  EXPECT_EQ(s->connect(at("127.0.0.1", 10)).error(), NetError::AccessDenied);
  EXPECT_EQ(s->send(bytes_of("x"), at("127.0.0.1", 0)).error(), NetError::InvalidArgument);
  EXPECT_EQ(s->send(bytes_of("x"), at("::1", 9)).error(), NetError::InvalidArgument);
  EXPECT_TRUE(s->send(bytes_of("x"), at("127.0.0.1", 9)));
}

TEST_F(Udp, ClientsHearOnlyThoseTheyMaySpeakTo) {
  ASSERT_TRUE(policy.allow_connect("127.0.0.1:9"));
  const auto client = bound(udp(), at("0.0.0.0", 0));
  NetPolicy all;
  all.allow_all();
  NetContext other{all, scheduler};
  const auto stranger = bound(*UdpSocket::create(other, AddressFamily::Ipv4), at("127.0.0.1", 0));
  ASSERT_TRUE(*stranger->send(bytes_of("boo"), at("127.0.0.1", client->local()->port)));
  EXPECT_TRUE(client->receive(16, 1 << 20)->empty());
}

TEST_F(Net, AddressesAreLookedUpWithoutAsking) {
  const auto l = Lookup::start(policy, nullptr, "127.0.0.1");
  ASSERT_TRUE(l);
  EXPECT_EQ(**(*l)->next(), ip("127.0.0.1"));
  EXPECT_EQ(*(*l)->next(), std::nullopt);
  EXPECT_TRUE(Lookup::start(policy, nullptr, "::1"));
  for (const char* bad : {"", "a b", "::ffff:1.2.3.4", "a:80", "..", "http://x"})
    EXPECT_EQ(Lookup::start(policy, nullptr, bad).error(), NetError::InvalidArgument) << bad;
  EXPECT_EQ(Lookup::start(policy, nullptr, "example.com").error(), NetError::AccessDenied);
}

TEST_F(Net, NamesAreAskedElsewhere) {
  ASSERT_TRUE(policy.allow_connect("example.com:80"));
  ASSERT_TRUE(policy.allow_connect("inside.com:80"));
  NameResolver resolver({2, 8}, [](const std::string& name) -> LookupResult {
    if (name == "example.com") return std::vector{*IpAddress::parse("9.9.9.9"), *IpAddress::parse("10.0.0.1")};
    return std::vector{*IpAddress::parse("169.254.169.254")};
  });
  const auto l = *Lookup::start(policy, &resolver, "example.com");
  ASSERT_TRUE(wait_one(*l, scheduler, {}));
  EXPECT_EQ(**l->next(), ip("9.9.9.9"));
  EXPECT_EQ(*l->next(), std::nullopt) << "what leads inside is not told";
  EXPECT_TRUE(policy.allows(NetUse::TcpConnect, at("9.9.9.9", 80)));
  const auto inside = *Lookup::start(policy, &resolver, "inside.com");
  ASSERT_TRUE(wait_one(*inside, scheduler, {}));
  EXPECT_EQ(inside->next().error(), NetError::NameUnresolvable);
  EXPECT_FALSE(policy.allows(NetUse::TcpConnect, at("169.254.169.254", 80)));
}

TEST_F(Net, QuestionsAreBounded) {
  policy.allow_lookup();
  std::atomic<bool> go = false;
  {
    NameResolver resolver({1, 2}, [&](const std::string&) -> LookupResult {
      while (!go) go.wait(false);
      return std::vector<IpAddress>{};
    });
    std::vector<std::shared_ptr<Lookup>> all;
    NetError error = NetError::Unknown;
    for (int i = 0; i < 8; ++i) {
      auto l = Lookup::start(policy, &resolver, "a.example");
      if (!l) {
        error = l.error();
        break;
      }
      all.push_back(*l);
    }
    EXPECT_EQ(error, NetError::TemporaryResolverFailure);
    EXPECT_LE(all.size(), 3u);
    go = true;
    go.notify_all();
    EXPECT_TRUE(wait_one(*all.front(), scheduler, {}));
  }
}

}  // namespace
}  // namespace skiff::wasi
