// Round trips of every type of values, host to guest to host and back again, through bindings that `skiff bindgen` made for
// both sides; resources on both sides; what a guest of another type, or a trap, gives.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "both.h"
#include "engine/interp/interp.h"

namespace {

using skiff::bind::Call;
namespace values = test::types::values;
namespace things = test::types::things;
namespace out = exports::test::types;

// The host's side: what comes in goes back.
class Values final : public values::host {
 public:
  bool roundtrip_bool(Call&, bool v) override { return v; }
  int8_t roundtrip_s8(Call&, int8_t v) override { return v; }
  uint8_t roundtrip_u8(Call&, uint8_t v) override { return v; }
  int16_t roundtrip_s16(Call&, int16_t v) override { return v; }
  uint16_t roundtrip_u16(Call&, uint16_t v) override { return v; }
  int32_t roundtrip_s32(Call&, int32_t v) override { return v; }
  uint32_t roundtrip_u32(Call&, uint32_t v) override { return v; }
  int64_t roundtrip_s64(Call&, int64_t v) override { return v; }
  uint64_t roundtrip_u64(Call&, uint64_t v) override { return v; }
  float roundtrip_f32(Call&, float v) override { return v; }
  double roundtrip_f64(Call&, double v) override { return v; }
  char32_t roundtrip_char(Call&, char32_t v) override { return v; }
  std::string roundtrip_string(Call&, std::string_view v) override { return std::string(v); }
  values::path roundtrip_path(Call&, std::string_view v) override { return std::string(v); }
  values::color roundtrip_color(Call&, values::color v) override { return v; }
  values::perms roundtrip_perms(Call&, values::perms v) override { return v; }
  values::many roundtrip_many(Call&, values::many v) override { return v; }
  values::point roundtrip_point(Call&, const values::point& v) override { return v; }
  values::person roundtrip_person(Call&, const values::person& v) override { return v; }
  values::shape roundtrip_shape(Call&, const values::shape& v) override { return v; }
  std::vector<uint8_t> roundtrip_bytes(Call&, std::span<const uint8_t> v) override { return {v.begin(), v.end()}; }
  values::numbers roundtrip_numbers(Call&, std::span<const uint32_t> v) override { return {v.begin(), v.end()}; }
  std::vector<bool> roundtrip_bools(Call&, const std::vector<bool>& v) override { return v; }
  std::vector<std::string> roundtrip_strings(Call&, std::span<const std::string> v) override { return {v.begin(), v.end()}; }
  std::vector<values::person> roundtrip_people(Call&, std::span<const values::person> v) override {
    return {v.begin(), v.end()};
  }
  std::vector<values::shape> roundtrip_shapes(Call&, std::span<const values::shape> v) override {
    return {v.begin(), v.end()};
  }
  std::vector<std::vector<std::vector<uint16_t>>> roundtrip_nested(
      Call&, std::span<const std::vector<std::vector<uint16_t>>> v) override {
    return {v.begin(), v.end()};
  }
  std::tuple<uint8_t, std::string, double> roundtrip_tuple(Call&, const std::tuple<uint8_t, std::string, double>& v) override {
    return v;
  }
  std::tuple<uint64_t> roundtrip_tuple1(Call&, const std::tuple<uint64_t>& v) override { return v; }
  std::optional<std::string> roundtrip_option(Call&, const std::optional<std::string>& v) override { return v; }
  std::optional<std::optional<uint32_t>> roundtrip_option2(Call&, const std::optional<std::optional<uint32_t>>& v) override {
    return v;
  }
  std::expected<std::string, values::color> roundtrip_result(Call&, const std::expected<std::string, values::color>& v) override {
    return v;
  }
  std::expected<uint32_t, std::monostate> roundtrip_result_ok(Call&, const std::expected<uint32_t, std::monostate>& v) override {
    return v;
  }
  std::expected<void, std::string> roundtrip_result_error(Call&, const std::expected<void, std::string>& v) override { return v; }
  std::expected<void, std::monostate> roundtrip_result_none(Call&, const std::expected<void, std::monostate>& v) override {
    return v;
  }
  std::expected<float, uint64_t> roundtrip_floats(Call&, const std::expected<float, uint64_t>& v) override { return v; }
  std::string many_params(Call&, uint8_t a, std::string_view b, const values::point& c, std::span<const uint8_t> d,
                          const values::shape& e, const std::optional<values::person>& f, float g, int64_t h,
                          char32_t i) override {
    return std::to_string(a) + " " + std::string(b) + " " + std::to_string(c.y) + " " + std::to_string(d.size()) + " " +
           std::to_string(e.value.index()) + " " + (f ? f->name : "nobody") + " " + std::to_string(g) + " " +
           std::to_string(h) + " " + std::to_string(static_cast<uint32_t>(i));
  }
  void nothing(Call& call) override {
    if (trap_next) call.trap("nothing may fail, too");
  }
  bool trap_next = false;
};

int living = 0;
class HostThing final : public things::thing {
 public:
  explicit HostThing(std::string name) : name_(std::move(name)) { ++living; }
  ~HostThing() override { --living; }
  std::string name(Call&) override { return name_; }
  void rename(Call&, std::string_view name) override { name_ = name; }
  void delete_(Call&) override { name_.clear(); }
  size_t size() const { return name_.size(); }
  const std::string& text() const { return name_; }

 private:
  std::string name_;
};
class Things final : public things::host {
 public:
  std::unique_ptr<things::thing> construct_thing(Call&, std::string_view name) override {
    return std::make_unique<HostThing>(std::string(name));
  }
  std::unique_ptr<things::thing> thing_merge(Call&, std::unique_ptr<things::thing> a,
                                             std::unique_ptr<things::thing> b) override {
    return std::make_unique<HostThing>(of(*a).text() + "+" + of(*b).text());
  }
  std::unique_ptr<things::thing> same(Call&, std::unique_ptr<things::thing> t) override { return t; }
  uint32_t look(Call&, things::thing& t) override { return static_cast<uint32_t>(of(t).size()); }
  std::optional<std::unique_ptr<things::thing>> give(Call&, std::vector<std::unique_ptr<things::thing>> ts) override {
    if (ts.empty()) return std::nullopt;
    return std::move(ts.back());
  }
  things::point at(Call&, things::thing& t) override { return {static_cast<int32_t>(of(t).size()), 0}; }
  uint32_t alive(Call&) override { return static_cast<uint32_t>(living); }

 private:
  static HostThing& of(things::thing& t) { return static_cast<HostThing&>(t); }
};
class Log final : public test::types::both::host {
 public:
  void log(Call&, std::string_view message) override { messages.emplace_back(message); }
  std::vector<std::string> messages;
};

class Types : public testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(SKIFF_TYPES_COMPONENT, std::ios::binary);
    std::vector<uint8_t> bytes((std::istreambuf_iterator<char>(file)), {});
    if (bytes.empty()) GTEST_SKIP() << "SKIPPED: " << SKIFF_TYPES_COMPONENT << " is not built";
    auto component = skiff::component::compile_component(engine_, skiff::SharedBytes::own(std::move(bytes)));
    ASSERT_TRUE(component) << component.error().message();
    auto core = skiff::Store::create(engine_);
    ASSERT_TRUE(core);
    core_ = std::move(*core);
    auto store = skiff::component::ComponentStore::create(*core_);
    ASSERT_TRUE(store);
    store_ = std::move(*store);
    values::define(imports_, values_);
    things::define(imports_, things_);
    test::types::both::define(imports_, log_);
    auto world = both_world::world::instantiate(*store_, imports_, *component);
    ASSERT_TRUE(world) << world.error().message();
    world_ = std::make_unique<both_world::world>(std::move(*world));
  }
  void TearDown() override {
    world_.reset();
    store_.reset();
  }
  out::values::guest v() { return world_->values(); }
  template <class T>
  static T ok(skiff::RunResult<T> result) {
    EXPECT_TRUE(result) << result.error().message();
    return result ? std::move(*result) : T{};
  }

  skiff::Engine engine_{{}, skiff::make_interpreter()};
  skiff::component::ComponentLinker linker_;
  Values values_;
  Things things_;
  Log log_;
  skiff::bind::Imports imports_{linker_, both_world::kResources};
  std::unique_ptr<skiff::Store> core_;
  std::unique_ptr<skiff::component::ComponentStore> store_;
  std::unique_ptr<both_world::world> world_;
};

TEST_F(Types, Numbers) {
  for (const bool b : {false, true}) EXPECT_EQ(ok(v().roundtrip_bool(b)), b);
  for (const int n : {-128, -1, 0, 127}) EXPECT_EQ(ok(v().roundtrip_s8(static_cast<int8_t>(n))), n);
  for (const int n : {0, 1, 255}) EXPECT_EQ(ok(v().roundtrip_u8(static_cast<uint8_t>(n))), n);
  for (const int n : {-32768, -1, 32767}) EXPECT_EQ(ok(v().roundtrip_s16(static_cast<int16_t>(n))), n);
  for (const int n : {0, 65535}) EXPECT_EQ(ok(v().roundtrip_u16(static_cast<uint16_t>(n))), n);
  for (const int32_t n : {INT32_MIN, -1, 0, INT32_MAX}) EXPECT_EQ(ok(v().roundtrip_s32(n)), n);
  for (const uint32_t n : {uint32_t{0}, UINT32_MAX}) EXPECT_EQ(ok(v().roundtrip_u32(n)), n);
  for (const int64_t n : {INT64_MIN, int64_t{-1}, INT64_MAX}) EXPECT_EQ(ok(v().roundtrip_s64(n)), n);
  for (const uint64_t n : {uint64_t{0}, UINT64_MAX}) EXPECT_EQ(ok(v().roundtrip_u64(n)), n);
  for (const float f : {0.0f, -0.0f, 1.5f, -std::numeric_limits<float>::infinity()}) {
    const float back = ok(v().roundtrip_f32(f));
    EXPECT_EQ(back, f);
    EXPECT_EQ(std::signbit(back), std::signbit(f));
  }
  EXPECT_TRUE(std::isnan(ok(v().roundtrip_f64(std::nan("")))));
  EXPECT_EQ(ok(v().roundtrip_f64(1e300)), 1e300);
  for (const char32_t c : {U'\0', U'a', U'\uD7FF', U'\U0010FFFF'}) EXPECT_EQ(ok(v().roundtrip_char(c)), c);
  EXPECT_FALSE(v().roundtrip_char(0xD800));
}

TEST_F(Types, StringsAndLists) {
  const std::string unicode = "Zür\u0301ich \U0001F600" + std::string(1, '\0') + "!";
  for (const std::string& s : {std::string(), std::string("one"), unicode, std::string(100000, 'x')}) {
    EXPECT_EQ(ok(v().roundtrip_string(s)), s);
    EXPECT_EQ(ok(v().roundtrip_path(s)), s);
  }
  std::vector<uint8_t> bytes(70000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 7);
  EXPECT_EQ(ok(v().roundtrip_bytes(bytes)), bytes);
  EXPECT_EQ(ok(v().roundtrip_bytes({})), std::vector<uint8_t>());
  EXPECT_EQ(ok(v().roundtrip_numbers(std::vector<uint32_t>{1, 2, 0xFFFFFFFF})), (std::vector<uint32_t>{1, 2, 0xFFFFFFFF}));
  EXPECT_EQ(ok(v().roundtrip_bools({true, false, true})), (std::vector<bool>{true, false, true}));
  const std::vector<std::string> strings = {"", "a", "long enough to be no small string of any library", "ü"};
  EXPECT_EQ(ok(v().roundtrip_strings(strings)), strings);
  const std::vector<std::vector<std::vector<uint16_t>>> nested = {{{1, 2}, {}}, {}, {{3}}};
  EXPECT_EQ(ok(v().roundtrip_nested(nested)), nested);
}

TEST_F(Types, RecordsAndVariants) {
  using namespace out::values;
  for (const color c : {color::red, color::green, color::blue}) EXPECT_EQ(ok(v().roundtrip_color(c)), c);
  EXPECT_EQ(ok(v().roundtrip_perms(perms::read | perms::exec)), perms::read | perms::exec);
  EXPECT_EQ(ok(v().roundtrip_many(many::a0 | many::a16)), many::a0 | many::a16);
  const auto p = ok(v().roundtrip_point({3, -4}));
  EXPECT_EQ(p.x, 3);
  EXPECT_EQ(p.y, -4);
  const person ann = {"Ann", 30, {"x", "yy"}, point{1, 2}, color::blue};
  const auto same = [](const person& a, const person& b) {
    return a.name == b.name && a.age == b.age && a.tags == b.tags && a.home.has_value() == b.home.has_value() &&
           (!a.home || (a.home->x == b.home->x && a.home->y == b.home->y)) && a.class_ == b.class_;
  };
  EXPECT_TRUE(same(ok(v().roundtrip_person(ann)), ann));
  const std::vector<person> people = {ann, {"", 0, {}, std::nullopt, color::red}};
  const auto back = ok(v().roundtrip_people(people));
  ASSERT_EQ(back.size(), 2u);
  EXPECT_TRUE(same(back[0], people[0]) && same(back[1], people[1]));
  const std::vector<shape> shapes = {{shape::circle{1.25}}, {shape::square{-2.5f}}, {shape::named{"s"}}, {shape::none{}},
                                     {shape::both{{7, {8, 9}}}}};
  for (const shape& s : shapes) EXPECT_EQ(ok(v().roundtrip_shape(s)).value.index(), s.value.index());
  const auto more = ok(v().roundtrip_shapes(shapes));
  ASSERT_EQ(more.size(), 5u);
  EXPECT_EQ(std::get<shape::circle>(more[0].value).value, 1.25);
  EXPECT_EQ(std::get<shape::square>(more[1].value).value, -2.5f);
  EXPECT_EQ(std::get<shape::named>(more[2].value).value, "s");
  EXPECT_EQ(std::get<1>(std::get<shape::both>(more[4].value).value).y, 9);
  EXPECT_EQ(std::get<0>(std::get<shape::both>(ok(v().roundtrip_shape(shapes[4])).value).value), 7u);
}

TEST_F(Types, OptionsResultsTuples) {
  const std::tuple<uint8_t, std::string, double> t{1, "two", 3.5};
  EXPECT_EQ(ok(v().roundtrip_tuple(t)), t);
  EXPECT_EQ(ok(v().roundtrip_tuple1({uint64_t{1} << 60})), std::tuple<uint64_t>(uint64_t{1} << 60));
  EXPECT_EQ(ok(v().roundtrip_option(std::nullopt)), std::nullopt);
  EXPECT_EQ(ok(v().roundtrip_option("some")), "some");
  for (const std::optional<std::optional<uint32_t>>& o :
       {std::optional<std::optional<uint32_t>>(), std::optional<std::optional<uint32_t>>(std::in_place),
        std::optional<std::optional<uint32_t>>(5u)})
    EXPECT_EQ(ok(v().roundtrip_option2(o)), o);
  using out::values::color;
  EXPECT_EQ(ok(v().roundtrip_result("fine")), "fine");
  EXPECT_EQ(ok(v().roundtrip_result(std::unexpected(color::green))).error(), color::green);
  EXPECT_EQ(ok(v().roundtrip_result_ok(7u)), 7u);
  EXPECT_FALSE(ok(v().roundtrip_result_ok(std::unexpected(std::monostate()))));
  EXPECT_TRUE(ok(v().roundtrip_result_error({})));
  EXPECT_EQ(ok(v().roundtrip_result_error(std::unexpected("bad"))).error(), "bad");
  EXPECT_TRUE(ok(v().roundtrip_result_none({})));
  EXPECT_FALSE(ok(v().roundtrip_result_none(std::unexpected(std::monostate()))));
  EXPECT_EQ(ok(v().roundtrip_floats(1.5f)), 1.5f);
  EXPECT_EQ(ok(v().roundtrip_floats(std::unexpected(UINT64_MAX))).error(), UINT64_MAX);
}

TEST_F(Types, ParametersInMemory) {
  using namespace out::values;
  EXPECT_EQ(ok(v().many_params(1, "two", {3, 4}, std::vector<uint8_t>{5, 6}, {shape::named{"seven"}},
                               person{"eight", 9, {"t"}, point{1, 1}, color::red}, 10.5f, -11, U'x')),
            "1 two 4 2 2 eight 10.500000 -11 120");
}

TEST_F(Types, ResourcesOfTheHost) {
  EXPECT_EQ(ok(world_->functions().run("things")), "second+third 6 12 fourth 1");
  EXPECT_EQ(living, 0);
  EXPECT_EQ(ok(world_->functions().run("fail")).error(), "as you wish");
  EXPECT_EQ(log_.messages, (std::vector<std::string>{"things", "fail"}));
}

TEST_F(Types, ResourcesOfTheGuest) {
  const out::things::guest t = world_->things();
  {
    out::things::thing a = ok(t.construct_thing("abc"));
    EXPECT_EQ(ok(a.name()), "abc");
    EXPECT_TRUE(a.rename("abcde"));
    EXPECT_EQ(ok(t.look(a)), 5u);
    EXPECT_EQ(ok(t.at(a)).x, 5);
    a = ok(t.same(std::move(a)));
    out::things::thing merged = ok(t.thing_merge(std::move(a), ok(t.construct_thing("f"))));
    EXPECT_EQ(ok(merged.name()), "abcde+f");
    EXPECT_EQ(ok(t.alive()), 1u);
    std::vector<out::things::thing> all;
    all.push_back(std::move(merged));
    all.push_back(ok(t.construct_thing("last")));
    const auto given = ok(t.give(std::move(all)));
    ASSERT_TRUE(given);
    EXPECT_EQ(ok(given->name()), "last");
    EXPECT_FALSE(ok(t.give({})));
    EXPECT_FALSE(t.look(out::things::thing()));   // there is none to lend
  }
}

TEST_F(Types, DroppingCallsTheGuest) {
  const out::things::guest t = world_->things();
  out::things::thing a = ok(t.construct_thing("a"));
  EXPECT_EQ(ok(t.alive()), 1u);
  EXPECT_TRUE(a.drop());
  EXPECT_FALSE(a);
  EXPECT_EQ(ok(t.alive()), 0u);
}

TEST_F(Types, TrapsOfTheHostEndTheGuest) {
  EXPECT_TRUE(v().nothing());
  values_.trap_next = true;
  const auto failed = v().nothing();
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message().find("nothing may fail, too"), std::string::npos);
  EXPECT_FALSE(v().nothing());
}

// What a guest never drops goes with the Imports.
TEST(TypesEnd, NothingIsLeft) { EXPECT_EQ(living, 0); }

}  // namespace
