// Lifting and lowering against a hostile guest: what it may point to, say and return. Each advisory about
// canonical ABIs of other engines (utf-16 alignment, realloc results in transcoding, flags with unknown bits, ...) is here.
#include "component/abi/lift.h"

#include <gtest/gtest.h>

#include <functional>

#include "component/abi/handles.h"
#include "component/abi/shape.h"
#include "component/abi/strings.h"

namespace skiff::component {
namespace {

std::shared_ptr<LinearMemory> one_page() {
  MemoryType type;
  type.limits.min = 1;
  return std::move(LinearMemory::create(type, default_tunables()).value());
}

class Context final : public LiftLowerContext {
 public:
  Context(const TypeTable& types, LinearMemory& memory, StringEncoding encoding = StringEncoding::Utf8)
      : LiftLowerContext(types, {encoding, &memory, false}) {}
  bool trap(CmTrap t, std::string) override {
    trapped = text_of(t);
    return false;
  }
  bool reallocate(uint64_t, uint64_t, uint32_t, uint64_t size, uint64_t& ptr) override {
    ++reallocs;
    ptr = on_realloc ? on_realloc(reallocs, size) : 0x1000;
    return true;
  }
  bool lift_own(uint32_t, ResourceId, ResourceVal&) override { return false; }
  bool lift_borrow(uint32_t, ResourceId, ResourceVal&) override { return false; }
  bool lower_own(const ResourceVal&, ResourceId, uint64_t&) override { return false; }
  bool lower_borrow(const ResourceVal&, ResourceId, uint64_t&) override { return false; }
  bool lift_shared(Val::Kind, uint32_t, ValType, SharedObjectPtr&) override { return false; }
  bool lower_shared(Val::Kind, const SharedObjectPtr&, ValType, uint64_t&) override { return false; }

  std::string_view trapped;
  int reallocs = 0;
  std::function<uint64_t(int call, uint64_t size)> on_realloc;
};

struct World {
  TypeTable types;
  std::shared_ptr<LinearMemory> memory = one_page();
  Context cx(StringEncoding encoding = StringEncoding::Utf8) { return Context(types, *memory, encoding); }

  /// Lifts a value of `type` from flat values; the trap, or empty.
  std::string_view lift(Context& cx, ValType type, std::vector<uint64_t> flat, Val* value = nullptr) {
    std::vector<Slot> slots(kMaxFlatParams + 1);
    for (size_t i = 0; i < flat.size(); ++i) slots[i].u64 = flat[i];
    FlatReader reader(slots.data());
    Val lifted;
    if (!lift_flat(cx, reader, type, lifted)) return cx.trapped;
    if (value) *value = std::move(lifted);
    return {};
  }
  std::string_view lower(Context& cx, ValType type, const Val& value) {
    Slot slots[kMaxFlatParams + 1];
    FlatWriter writer(slots);
    return lower_flat(cx, value, type, writer) ? std::string_view() : cx.trapped;
  }
};

TEST(Lift, PointersOfStrings) {
  World w;
  for (const auto& [ptr, size] : std::vector<std::pair<uint64_t, uint64_t>>{
           {0x10000, 1}, {0xFFFF, 2}, {0xFFFFFFFF, 1}, {0xFFFFFFFF, 0}, {0, 0x10001}}) {
    Context cx = w.cx();
    EXPECT_EQ(w.lift(cx, Primitive::String, {ptr, size}), text_of(CmTrap::StringOutOfBounds)) << ptr << ' ' << size;
  }
  Context cx = w.cx();
  EXPECT_EQ(w.lift(cx, Primitive::String, {0, 0xFFFFFFFF}), text_of(CmTrap::StringTooLong));
  EXPECT_EQ(w.lift(cx, Primitive::String, {0x10000, 0}), "");
}

TEST(Lift, MisalignedUtf16) {
  World w;
  for (const StringEncoding encoding : {StringEncoding::Utf16, StringEncoding::Latin1Utf16}) {
    Context cx = w.cx(encoding);
    EXPECT_EQ(w.lift(cx, Primitive::String, {1, 1}), text_of(CmTrap::UnalignedPointer));
  }
}

TEST(Lift, LoneSurrogates) {
  World w;
  const uint16_t units[] = {0xD800, 'a', 0xDC00, 0xD800};
  std::memcpy(w.memory->bytes().data(), units, sizeof units);
  for (const auto& [ptr, count] : std::vector<std::pair<uint64_t, uint64_t>>{{0, 1}, {0, 2}, {4, 1}, {6, 1}}) {
    Context cx = w.cx(StringEncoding::Utf16);
    EXPECT_EQ(w.lift(cx, Primitive::String, {ptr, count}), text_of(CmTrap::InvalidUtf16)) << ptr;
  }
}

TEST(Lift, ScalarsKeepOnlyTheirBits) {
  World w;
  Context cx = w.cx();
  Val value;
  EXPECT_EQ(w.lift(cx, Primitive::U8, {0xFFFFFF80}, &value), "");
  EXPECT_EQ(value.bits(), 0x80u);
  EXPECT_EQ(w.lift(cx, Primitive::S8, {0x80}, &value), "");
  EXPECT_EQ(value.as_signed(), -128);
  EXPECT_EQ(w.lift(cx, Primitive::Bool, {0xFF00}, &value), "");
  EXPECT_TRUE(value.as_bool());
  for (const uint64_t c : {0x110000u, 0xD800u, 0xDFFFu, 0xFFFFFFFFu})
    EXPECT_EQ(w.lift(cx, Primitive::Char, {c}), text_of(CmTrap::InvalidChar)) << c;
}

TEST(Lift, FlagsWithUnknownBits) {
  World w;
  const ValType flags = ValType::of(w.types.add(FlagsType{{"a", "b", "c"}}));
  Context cx = w.cx();
  Val value;
  EXPECT_EQ(w.lift(cx, flags, {0xFFFFFFFF}, &value), "");
  EXPECT_EQ(value.flags(), 7u);
  w.memory->bytes()[0] = 0xF8;
  ASSERT_TRUE(load(cx, w.memory->bytes().data(), flags, value));
  EXPECT_EQ(value.flags(), 0u);
}

TEST(Lift, Discriminants) {
  World w;
  const ValType type = ValType::of(w.types.add(OptionType{Primitive::U32}));
  Context cx = w.cx();
  EXPECT_EQ(w.lift(cx, type, {2, 0}), text_of(CmTrap::InvalidDiscriminant));
  EXPECT_EQ(w.lift(cx, type, {0xFFFFFFFF, 0}), text_of(CmTrap::InvalidDiscriminant));
}

TEST(Lift, Lists) {
  World w;
  const ValType list = ValType::of(w.types.add(ListType{Primitive::U64, {}}));
  Context cx = w.cx();
  EXPECT_EQ(w.lift(cx, list, {4, 1}), text_of(CmTrap::UnalignedPointer));
  EXPECT_EQ(w.lift(cx, list, {0xFFF8, 2}), text_of(CmTrap::ListOutOfBounds));
  EXPECT_EQ(w.lift(cx, list, {0, 0x20000000}), text_of(CmTrap::ListTooLong));  // 2^32 bytes
  Val value;
  EXPECT_EQ(w.lift(cx, list, {0xFFF8, 1}, &value), "");
  EXPECT_EQ(value.kind(), Val::Kind::Numbers);
}

// A small list of strings that all name the same memory must not cost the host any amount of it.
TEST(Lift, Budget) {
  World w;
  const ValType list = ValType::of(w.types.add(ListType{Primitive::String, {}}));
  const std::span<uint8_t> bytes = w.memory->bytes();
  for (uint32_t i = 0; i < 1000; ++i) {
    const uint32_t pair[2] = {8000, 57344};
    std::memcpy(bytes.data() + i * 8, pair, 8);
  }
  Context cx = w.cx();
  cx.budget = 1 << 20;
  EXPECT_EQ(w.lift(cx, list, {0, 1000}), text_of(CmTrap::ValueTooLarge));
}

TEST(Lower, ReallocResults) {
  World w;
  const ValType list = ValType::of(w.types.add(ListType{Primitive::U32, {}}));
  const uint32_t numbers[] = {1, 2};
  const Val value = Val::of_numbers(std::span<const uint32_t>(numbers));
  Context cx = w.cx();
  cx.on_realloc = [](int, uint64_t) { return 2; };
  EXPECT_EQ(w.lower(cx, list, value), text_of(CmTrap::ReallocUnaligned));
  cx.on_realloc = [](int, uint64_t) { return 0xFFFC; };
  EXPECT_EQ(w.lower(cx, list, value), text_of(CmTrap::ReallocOutOfBounds));
  cx.on_realloc = [](int, uint64_t) { return 0xFFFFFFFC; };
  EXPECT_EQ(w.lower(cx, list, value), text_of(CmTrap::ReallocOutOfBounds));
}

// Transcoding calls realloc up to three times, and each result is checked, also when shrinking.
TEST(Lower, ReallocResultsWhileTranscoding) {
  World w;
  struct Case {
    StringEncoding to;
    StringSource from;
    uint32_t units;
    std::string text;
  };
  const Case cases[] = {{StringEncoding::Utf8, StringSource::Utf16, 2, "a€"},
                        {StringEncoding::Utf8, StringSource::Latin1, 2, "aé"},
                        {StringEncoding::Utf16, StringSource::Utf8, 4, "a€"},
                        {StringEncoding::Latin1Utf16, StringSource::Utf8, 4, "a€"},
                        {StringEncoding::Latin1Utf16, StringSource::Utf8, 3, "aé"},
                        {StringEncoding::Latin1Utf16, StringSource::Utf16, 2, "a€"},
                        {StringEncoding::Latin1Utf16, StringSource::TaggedUtf16, 2, "aé"}};
  for (const Case& c : cases) {
    const Val value = Val::of_string(c.text, c.from, c.units);
    Context good = w.cx(c.to);
    ASSERT_EQ(w.lower(good, Primitive::String, value), "");
    for (int bad = 1; bad <= good.reallocs; ++bad) {
      Context cx = w.cx(c.to);
      cx.on_realloc = [bad](int call, uint64_t) { return call == bad ? 0xFFFFFFFE : 0x1000; };
      EXPECT_EQ(w.lower(cx, Primitive::String, value), text_of(CmTrap::ReallocOutOfBounds)) << c.text << bad;
      EXPECT_EQ(cx.reallocs, bad);
    }
  }
}

TEST(Conforms, NamesThePlace) {
  TypeTable types;
  const ValType record = ValType::of(types.add(RecordType{{{"a", Primitive::U8}, {"b", Primitive::String}}}));
  std::string where;
  EXPECT_TRUE(conforms(types, record, Val::of_record({Val::of_u8(1), Val::of_string("x")}), where));
  EXPECT_FALSE(conforms(types, record, Val::of_record({Val::of_u8(1), Val::of_u8(2)}), where));
  EXPECT_EQ(where, "field 1: expected string, found u8");
  EXPECT_FALSE(conforms(types, Primitive::String, Val::of_string("\xFF"), where));
}

TEST(Values, ListsOfNumbersAreLists) {
  const uint8_t bytes[] = {1, 2};
  EXPECT_EQ(Val::of_numbers(std::span<const uint8_t>(bytes)), Val::of_list({Val::of_u8(1), Val::of_u8(2)}));
  Val copy = Val::some(Val::of_string("x"));
  const Val other = copy;
  copy = Val::none();
  EXPECT_EQ(other.payload()->string(), "x");
}

TEST(HandleTable, FreedIndicesComeFirst) {
  HandleTable table(3);
  EXPECT_EQ(table.get(0), nullptr);
  EXPECT_EQ(table.add_own(nullptr, 1), 1u);
  EXPECT_EQ(table.add_own(nullptr, 2), 2u);
  EXPECT_EQ(table.add_own(nullptr, 3), 3u);
  EXPECT_EQ(table.add_own(nullptr, 4), 0u);
  table.remove(1);
  table.remove(3);
  EXPECT_EQ(table.get(3), nullptr);
  EXPECT_EQ(table.add_own(nullptr, 5), 3u);
  EXPECT_EQ(table.add_own(nullptr, 6), 1u);
  EXPECT_EQ(table.get(1)->rep, 6u);
  EXPECT_EQ(table.get(4), nullptr);
}

}  // namespace
}  // namespace skiff::component
