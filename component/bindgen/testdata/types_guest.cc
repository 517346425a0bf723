// A guest whose exports are its imports: what the host gives comes back after four conversions. Things are its own.
#include <algorithm>

#include "both.h"

namespace imported = test::types::values;

namespace exports::test::types::values {

// The exported types are others than the imported ones, of the same shape.
static imported::point in(const point& p) { return {p.x, p.y}; }
static point out(const imported::point& p) { return {p.x, p.y}; }
static imported::person in(const person& p) {
  std::optional<imported::point> home;
  if (p.home) home = in(*p.home);
  return {p.name, p.age, p.tags, home, static_cast<imported::color>(p.class_)};
}
static person out(const imported::person& p) {
  std::optional<point> home;
  if (p.home) home = out(*p.home);
  return {p.name, p.age, p.tags, home, static_cast<color>(p.class_)};
}
template <class To>
static To convert(const auto& from, auto point_of) {
  switch (from.value.index()) {
    case 0: return {typename To::circle{std::get<0>(from.value).value}};
    case 1: return {typename To::square{std::get<1>(from.value).value}};
    case 2: return {typename To::named{std::get<2>(from.value).value}};
    case 3: return {typename To::none{}};
    default: {
      const auto& [number, p] = std::get<4>(from.value).value;
      return {typename To::both{{number, point_of(p)}}};
    }
  }
}
static imported::shape in(const shape& s) {
  return convert<imported::shape>(s, [](const point& p) { return in(p); });
}
static shape out(const imported::shape& s) {
  return convert<shape>(s, [](const imported::point& p) { return out(p); });
}

bool roundtrip_bool(bool v) { return imported::roundtrip_bool(v); }
int8_t roundtrip_s8(int8_t v) { return imported::roundtrip_s8(v); }
uint8_t roundtrip_u8(uint8_t v) { return imported::roundtrip_u8(v); }
int16_t roundtrip_s16(int16_t v) { return imported::roundtrip_s16(v); }
uint16_t roundtrip_u16(uint16_t v) { return imported::roundtrip_u16(v); }
int32_t roundtrip_s32(int32_t v) { return imported::roundtrip_s32(v); }
uint32_t roundtrip_u32(uint32_t v) { return imported::roundtrip_u32(v); }
int64_t roundtrip_s64(int64_t v) { return imported::roundtrip_s64(v); }
uint64_t roundtrip_u64(uint64_t v) { return imported::roundtrip_u64(v); }
float roundtrip_f32(float v) { return imported::roundtrip_f32(v); }
double roundtrip_f64(double v) { return imported::roundtrip_f64(v); }
char32_t roundtrip_char(char32_t v) { return imported::roundtrip_char(v); }
std::string roundtrip_string(std::string_view v) { return imported::roundtrip_string(v); }
path roundtrip_path(std::string_view v) { return imported::roundtrip_path(v); }
color roundtrip_color(color v) { return static_cast<color>(imported::roundtrip_color(static_cast<imported::color>(v))); }
perms roundtrip_perms(perms v) { return {imported::roundtrip_perms({v.bits}).bits}; }
many roundtrip_many(many v) { return {imported::roundtrip_many({v.bits}).bits}; }
point roundtrip_point(const point& v) { return out(imported::roundtrip_point(in(v))); }
person roundtrip_person(const person& v) { return out(imported::roundtrip_person(in(v))); }
shape roundtrip_shape(const shape& v) { return out(imported::roundtrip_shape(in(v))); }
std::vector<uint8_t> roundtrip_bytes(std::span<const uint8_t> v) { return imported::roundtrip_bytes(v); }
numbers roundtrip_numbers(std::span<const uint32_t> v) { return imported::roundtrip_numbers(v); }
std::vector<bool> roundtrip_bools(const std::vector<bool>& v) { return imported::roundtrip_bools(v); }
std::vector<std::string> roundtrip_strings(std::span<const std::string> v) { return imported::roundtrip_strings(v); }
std::vector<person> roundtrip_people(std::span<const person> v) {
  std::vector<imported::person> given;
  for (const person& p : v) given.push_back(in(p));
  std::vector<person> result;
  for (const imported::person& p : imported::roundtrip_people(given)) result.push_back(out(p));
  return result;
}
std::vector<shape> roundtrip_shapes(std::span<const shape> v) {
  std::vector<imported::shape> given;
  for (const shape& s : v) given.push_back(in(s));
  std::vector<shape> result;
  for (const imported::shape& s : imported::roundtrip_shapes(given)) result.push_back(out(s));
  return result;
}
std::vector<std::vector<std::vector<uint16_t>>> roundtrip_nested(std::span<const std::vector<std::vector<uint16_t>>> v) {
  return imported::roundtrip_nested(v);
}
std::tuple<uint8_t, std::string, double> roundtrip_tuple(const std::tuple<uint8_t, std::string, double>& v) {
  return imported::roundtrip_tuple(v);
}
std::tuple<uint64_t> roundtrip_tuple1(const std::tuple<uint64_t>& v) { return imported::roundtrip_tuple1(v); }
std::optional<std::string> roundtrip_option(const std::optional<std::string>& v) { return imported::roundtrip_option(v); }
std::optional<std::optional<uint32_t>> roundtrip_option2(const std::optional<std::optional<uint32_t>>& v) {
  return imported::roundtrip_option2(v);
}
std::expected<std::string, color> roundtrip_result(const std::expected<std::string, color>& v) {
  std::expected<std::string, imported::color> given = v ? std::expected<std::string, imported::color>(*v)
                                                        : std::unexpected(static_cast<imported::color>(v.error()));
  auto result = imported::roundtrip_result(given);
  if (result) return *result;
  return std::unexpected(static_cast<color>(result.error()));
}
std::expected<uint32_t, std::monostate> roundtrip_result_ok(const std::expected<uint32_t, std::monostate>& v) {
  return imported::roundtrip_result_ok(v);
}
std::expected<void, std::string> roundtrip_result_error(const std::expected<void, std::string>& v) {
  return imported::roundtrip_result_error(v);
}
std::expected<void, std::monostate> roundtrip_result_none(const std::expected<void, std::monostate>& v) {
  return imported::roundtrip_result_none(v);
}
std::expected<float, uint64_t> roundtrip_floats(const std::expected<float, uint64_t>& v) {
  return imported::roundtrip_floats(v);
}
std::string many_params(uint8_t a, std::string_view b, const point& c, std::span<const uint8_t> d, const shape& e,
                        const std::optional<person>& f, float g, int64_t h, char32_t i) {
  std::optional<imported::person> given;
  if (f) given = in(*f);
  return imported::many_params(a, b, in(c), d, in(e), given, g, h, i);
}
void nothing() { imported::nothing(); }

}  // namespace exports::test::types::values

namespace exports::test::types::things {

static uint32_t living = 0;

class our_thing final : public thing {
 public:
  explicit our_thing(std::string_view name) : name_(name) { ++living; }
  ~our_thing() override { --living; }
  std::string name() override { return name_; }
  void rename(std::string_view name) override { name_ = name; }
  void delete_() override { name_.clear(); }

 private:
  std::string name_;
};

std::unique_ptr<thing> thing::construct(std::string_view name) { return std::make_unique<our_thing>(name); }
std::unique_ptr<thing> thing::merge(std::unique_ptr<thing> a, std::unique_ptr<thing> b) {
  return std::make_unique<our_thing>(a->name() + "+" + b->name());
}
std::unique_ptr<thing> same(std::unique_ptr<thing> t) { return t; }
uint32_t look(thing& t) { return static_cast<uint32_t>(t.name().size()); }
// The last one.
std::optional<std::unique_ptr<thing>> give(std::vector<std::unique_ptr<thing>> ts) {
  if (ts.empty()) return std::nullopt;
  return std::move(ts.back());
}
point at(thing& t) { return {static_cast<int32_t>(t.name().size()), -1}; }
uint32_t alive() { return living; }

}  // namespace exports::test::types::things

namespace exports::test::types::both {

// What a guest does with resources of the host.
std::expected<std::string, std::string> run(std::string_view what) {
  namespace things = ::test::types::things;
  ::test::types::both::log(what);
  if (what == "fail") return std::unexpected("as you wish");
  things::thing a("first");
  a.rename("second");
  const uint32_t length = things::look(a);
  things::thing merged = things::thing::merge(std::move(a), things::same(things::thing("third")));
  std::string text = merged.name() + " " + std::to_string(length) + " " + std::to_string(things::at(merged).x);
  std::vector<things::thing> all;
  all.push_back(std::move(merged));
  all.emplace_back("fourth");
  std::optional<things::thing> last = things::give(std::move(all));
  text += " " + (last ? last->name() : "nothing") + " " + std::to_string(things::alive());
  if (what == "keep") static_cast<void>(last->wit_release());  // never dropped: the store's end does that
  return text;
}

}  // namespace exports::test::types::both
