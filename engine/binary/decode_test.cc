// Modules: what is malformed and how it is called, features, custom sections.
#include "engine/binary/decode.h"

#include <gtest/gtest.h>

#include "engine/binary/decode_instr.h"
#include "engine/binary/test_bytes.h"

namespace skiff {
namespace {

using namespace test;

const Bytes kOneType = {0x01, 0x04, 0x01, 0x60, 0x00, 0x00};
const Bytes kOneFunction = {0x03, 0x02, 0x01, 0x00};
const Bytes kOneBody = {0x0A, 0x04, 0x01, 0x02, 0x00, 0x0B};

TEST(DecodeModule, Header) {
  EXPECT_EQ(outcome({}), "unexpected end");
  EXPECT_EQ(outcome({0, 'a', 's'}), "unexpected end");
  EXPECT_EQ(outcome({'a', 's', 'm', 0}), "magic header not detected");
  EXPECT_EQ(outcome({0, 'a', 's', 'm', 1, 0, 0}), "unexpected end");
  EXPECT_EQ(outcome({0, 'a', 's', 'm', 2, 0, 0, 0}), "unknown binary version");
  EXPECT_EQ(outcome({0, 'a', 's', 'm', 0x0D, 0, 1, 0}),
            "unknown binary version: this is a component, not a core module");
  EXPECT_EQ(outcome(binary({})), "ok");
}

TEST(DecodeModule, SectionsInOrder) {
  EXPECT_EQ(outcome(binary({section(14, {{0}})})), "malformed section id");
  EXPECT_EQ(outcome(binary({section(1, {{0}}), section(1, {{0}})})).find("unexpected content"), 0u);
  EXPECT_EQ(outcome(binary({section(6, {{0}}), section(13, {{0}})})).find("unexpected content"), 0u);
  EXPECT_EQ(outcome(binary({section(5, {{0}}), section(13, {{0}}), section(6, {{0}}), section(12, {{0}}),
                            section(10, {{0}}), section(11, {{0}})})),
            "ok");
  EXPECT_EQ(outcome(binary({section(13, {{0}})}), without(Feature::Exceptions)), "malformed section id");
  EXPECT_EQ(outcome(binary({section(12, {{0}})}), without(Feature::BulkMemory)), "malformed section id");
}

TEST(DecodeModule, Extents) {
  EXPECT_EQ(outcome(binary({{0x01}})), "unexpected end");
  EXPECT_EQ(outcome(binary({{0x01, 0x07, 0x02, 0x60, 0x00, 0x00}})), "length out of bounds");
  EXPECT_EQ(outcome(binary({section(1, {{0x02, 0x60, 0x00, 0x00}})})),
            "unexpected end of section or function: 2 types announced, 1 found");
  EXPECT_EQ(outcome(binary({section(1, {{0x01, 0x60, 0x00, 0x00, 0x60, 0x00, 0x00}})})),
            "section size mismatch: 3 bytes are left over");
  // A section that ends too early, before another one: the error is that of reading on.
  EXPECT_EQ(outcome(binary({{0x07, 0x06, 0x02, 0x02, 'f', '1', 0x00, 0x00}, kOneBody})),
            "length out of bounds");
  EXPECT_EQ(outcome(binary({{0x05, 0x03, 0x01, 0x00, 0x82}, {0x0A, 0x01, 0x00}})).find("section size"),
            0u);
  EXPECT_EQ(outcome(binary({{0x05, 0x03, 0x01, 0x00, 0x82}, {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                            0x80, 0x80}})),
            "integer representation too long");
}

TEST(DecodeModule, LowestErrorAmongBodies) {
  const Bytes body = {0x0A, 0x05, 0x01, 0x03, 0x00, 0xFF, 0x0B};
  EXPECT_EQ(outcome(binary({kOneType, kOneFunction, body, {0x7F}})), "illegal opcode ff");
  EXPECT_EQ(outcome(binary({kOneType, kOneFunction, kOneBody, {0x7F}})), "malformed section id");
  EXPECT_EQ(outcome(binary({kOneType, kOneFunction, body})), "ok");  // bodies are the walker's
}

TEST(DecodeModule, Counts) {
  EXPECT_EQ(outcome(binary({kOneType, kOneFunction})).find("function and code section have"), 0u);
  EXPECT_EQ(outcome(binary({kOneBody})).find("function and code section have inconsistent lengths"), 0u);
  EXPECT_EQ(outcome(binary({kOneType, kOneFunction, kOneBody})), "ok");
  EXPECT_EQ(outcome(binary({section(12, {{1}})})).find("data count and data section have inconsistent"), 0u);
  EXPECT_EQ(outcome(binary({section(12, {{1}}), section(11, {{1, 1, 0}})})), "ok");
  const Bytes huge = {0xFF, 0xFF, 0xFF, 0xFF, 0x0F};
  for (uint8_t id : {1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13}) {
    const Bytes module = binary({section(id, {huge, {0, 0, 0, 0}})});
    EXPECT_EQ(outcome(module).find("implementation limit exceeded"), 0u) << int{id};
  }
}

TEST(DecodeModule, BodyEndErrors) {
  const Bytes open_body = {0x02, 0x00, 0x01};  // size 2, no locals, nop
  auto code = [&](const Module& m, size_t i) { return body_end_error(m, m.functions[i].body); };
  auto two = decode(binary({kOneType, section(3, {{2, 0, 0}}), section(10, {{2}, open_body, open_body})}));
  ASSERT_TRUE(two);
  EXPECT_EQ(code(*two, 0), ErrorCode::EndOpcodeExpected);
  EXPECT_EQ(code(*two, 1), ErrorCode::UnexpectedEndOfSection);
  auto more = decode(binary({kOneType, kOneFunction, section(10, {{1}, open_body}), section(11, {{0}})}));
  ASSERT_TRUE(more);
  EXPECT_EQ(code(*more, 0), ErrorCode::SectionSizeMismatch);
}

TEST(DecodeModule, Types) {
  auto types = [](Bytes content, Features features = {}) {
    return outcome(binary({section(1, {std::move(content)})}), features);
  };
  // (rec (type (sub (struct (field i8) (field (mut (ref null 0)))))) (type (sub final 0 (array i64))))
  auto m = decode(binary({section(1, {{0x02, 0x4E, 0x02, 0x50, 0x00},
                                      {0x5F, 0x02, 0x78, 0x00, 0x63, 0x00, 0x01},
                                      {0x4F, 0x01, 0x00, 0x5E, 0x7E, 0x00},
                                      {0x60, 0x01, 0x70, 0x01, 0x7B}})}));
  ASSERT_TRUE(m) << m.error().message();
  ASSERT_EQ(m->types.size(), 3u);
  ASSERT_EQ(m->rec_groups.size(), 2u);
  EXPECT_EQ(m->rec_groups[0], (RecGroup{0, 2}));
  EXPECT_FALSE(m->types[0].final);
  EXPECT_EQ(m->types[0].comp.fields[1], (FieldType{ValType::ref(HeapType::concrete(0), true), true}));
  EXPECT_EQ(m->types[1].super, 0u);
  EXPECT_TRUE(m->types[1].final);
  EXPECT_EQ(m->types[2].comp.func, (FuncType{{ValType::FuncRef}, {ValType::V128}}));

  EXPECT_EQ(types({0x01, 0x5E, 0x78, 0x02}), "malformed mutability");
  EXPECT_EQ(types({0x01, 0x60, 0x01, 0x78, 0x00}), "malformed type: 0x78 is not a value type");
  EXPECT_EQ(types({0x01, 0xE0, 0x7F, 0x00, 0x00}), "integer representation too long");
  EXPECT_EQ(types({0x01, 0x61, 0x00, 0x00}), "malformed definition type: 0x61 is not a composite type");
  EXPECT_EQ(types({0x01, 0x5F, 0x00}, without(Feature::Gc)).find("malformed definition type: gc"), 0u);
  EXPECT_EQ(types({0x01, 0x4E, 0x00}, without(Feature::Gc)).find("malformed definition type"), 0u);
  EXPECT_EQ(types({0x01, 0x50, 0x02, 0x00, 0x00, 0x60, 0x00, 0x00}).find("sub type"), 0u);
  EXPECT_EQ(types({0x01, 0x60, 0x01, 0x7B, 0x00}, without(Feature::Simd)).find("malformed type: simd"), 0u);
}

TEST(DecodeModule, Limits) {
  auto memory = [](Bytes type, Features features = {}) {
    return outcome(binary({section(5, {{1}, std::move(type)})}), features);
  };
  EXPECT_EQ(memory({0x00, 0x01}), "ok");
  EXPECT_EQ(memory({0x07, 0x01, 0x02}), "ok");
  EXPECT_EQ(memory({0x10, 0x01}), "malformed limits flags");
  EXPECT_EQ(memory({0x08, 0x01, 0x00}).find("malformed limits flags: custom-page-sizes is disabled"), 0u);
  EXPECT_EQ(memory({0x04, 0x01}, without(Feature::Memory64)).find("malformed limits flags: memory64"), 0u);
  EXPECT_EQ(memory({0x03, 0x01, 0x01}, without(Feature::Threads)).find("malformed limits flags"), 0u);
  EXPECT_EQ(memory({0x08, 0x01, 0x41}, Features::all()), "invalid custom page size");
  auto m = decode(binary({section(5, {{1, 0x0F, 0x01, 0x80, 0x01, 0x00}})}), Features::all());
  ASSERT_TRUE(m);
  const MemoryType& type = m->memories[0].type;
  EXPECT_EQ(type.limits, (Limits{1, 128}));
  EXPECT_EQ(type.address, AddressType::I64);
  EXPECT_TRUE(type.shared);
  EXPECT_EQ(type.page_size_log2, 0);

  EXPECT_EQ(outcome(binary({section(4, {{1, 0x70, 0x02, 0x00}})})), "malformed limits flags");
  EXPECT_EQ(outcome(binary({section(4, {{1, 0x7F, 0x00, 0x00}})})),
            "malformed reference type: 0x7f is not a reference type");
  Features none;
  ASSERT_TRUE(none.apply("none"));
  EXPECT_EQ(outcome(binary({section(4, {{1, 0x70, 0x00, 0x00}})}), none), "ok");
}

TEST(DecodeModule, SegmentKinds) {
  EXPECT_EQ(outcome(binary({section(9, {{1, 8}})})), "malformed elements segment kind");
  EXPECT_EQ(outcome(binary({section(9, {{1, 1, 1, 0}})})), "malformed elements segment kind");
  EXPECT_EQ(outcome(binary({section(9, {{1, 1, 0, 0}})}), without(Feature::BulkMemory)),
            "malformed elements segment kind");
  EXPECT_EQ(outcome(binary({section(11, {{1, 3}})})), "malformed data segment kind");
  EXPECT_EQ(outcome(binary({section(9, {{1, 5, 0x70, 1, 0xF3, 0x00, 0x0B}})})), "illegal opcode f3");
}

TEST(DecodeModule, ConstantExpressionsNest) {
  const Bytes nested = {0x01, 0x7F, 0x00, 0x02, 0x40, 0x03, 0x40, 0x0B, 0x0B, 0x41, 0x00, 0x0B};
  auto m = decode(binary({section(6, {nested})}));
  ASSERT_TRUE(m) << m.error().message();
  EXPECT_EQ(m->globals[0].init.bytes.size(), 9u);
  EXPECT_EQ(m->globals[0].init.offset, 13u);
  // Depth costs a counter, not stack.
  Bytes deep = {0x01, 0x7F, 0x00};
  for (int i = 0; i < 200'000; ++i) deep.insert(deep.end(), {0x02, 0x40});
  EXPECT_EQ(outcome(binary({section(6, {deep})})), "unexpected end of section or function");
}

TEST(DecodeModule, NameSectionIsLenient) {
  const Bytes funcs = {0x01, 0x07, 0x02, 0x05, 0x01, 'b', 0x02, 0x01, 'a'};  // 5 "b", 2 "a": out of order
  const Bytes locals = {0x02, 0x06, 0x01, 0x02, 0x01, 0x00, 0x01, 'x'};
  const Bytes broken = {0x04, 0x04, 0x02, 0x00, 0x01, 't'};  // a second entry is missing
  auto m = decode(binary({custom("name", {{0x00, 0x02, 0x01, 'm'}, funcs, locals, broken})}));
  ASSERT_TRUE(m);
  EXPECT_EQ(m->names.module, "m");
  EXPECT_EQ(m->names.funcs.find(2), "a");
  EXPECT_EQ(m->names.funcs.find(5), "b");
  EXPECT_EQ(m->names.locals.find(2, 0), "x");
  EXPECT_EQ(m->names.types.find(0), "t");
  EXPECT_EQ(m->customs.size(), 1u);
  EXPECT_FALSE(check_custom_sections(*m));
  auto junk = decode(binary({custom("name", {{0xFF, 0xFF, 0xFF}})}));
  ASSERT_TRUE(junk);
  EXPECT_FALSE(check_custom_sections(*junk));
  auto good = decode(binary({custom("name", {{0x00, 0x02, 0x01, 'm'}, locals})}));
  ASSERT_TRUE(good);
  EXPECT_TRUE(check_custom_sections(*good));
}

TEST(DecodeModule, BranchHints) {
  const Bytes code = section(10, {{1, 8, 0x00}, {0x41, 0x00, 0x04, 0x40, 0x0B, 0x01, 0x0B}});
  auto hinted = [&](Bytes hints, bool before = true) {
    const Bytes section = custom("metadata.code.branch_hint", {std::move(hints)});
    return decode(before ? binary({kOneType, kOneFunction, section, code})
                         : binary({kOneType, kOneFunction, code, section}));
  };
  auto good = hinted({1, 0, 1, 0x03, 1, 1});
  ASSERT_TRUE(good);
  ASSERT_EQ(good->branch_hints.size(), 1u);
  EXPECT_EQ(good->branch_hints[0].offset, 3u);
  EXPECT_TRUE(good->branch_hints[0].likely);
  EXPECT_TRUE(check_custom_sections(*good));

  auto wrong_target = hinted({1, 0, 1, 0x06, 1, 1});
  ASSERT_TRUE(wrong_target);
  Status status = check_custom_sections(*wrong_target);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(), "@metadata.code.branch_hint annotation: invalid target");

  for (const Bytes& bad : {Bytes{1, 0, 1, 3, 1, 2}, Bytes{1, 0, 1, 3, 2, 1, 1}, Bytes{1, 7, 1, 3, 1, 1},
                           Bytes{1, 0, 2, 3, 1, 1, 3, 1, 1}, Bytes{1, 0, 1, 3, 1, 1, 0},
                           Bytes{2, 0, 1, 3, 1}}) {
    auto m = hinted(bad);
    ASSERT_TRUE(m);
    EXPECT_TRUE(m->branch_hints.empty());
    EXPECT_FALSE(check_custom_sections(*m));
  }
  auto late = hinted({1, 0, 1, 0x03, 1, 1}, false);
  ASSERT_TRUE(late);
  EXPECT_FALSE(check_custom_sections(*late));
}

TEST(DecodeModule, KeepsItsInputAlive) {
  auto m = decode(binary({custom("note", {text("payload")})}));
  ASSERT_TRUE(m);
  EXPECT_EQ(m->storage.size(), 1u);
  ASSERT_EQ(m->customs.size(), 1u);
  EXPECT_EQ(m->customs[0].name, "note");
  EXPECT_EQ(Bytes(m->customs[0].bytes.begin(), m->customs[0].bytes.end()), text("payload"));
  EXPECT_EQ(m->customs[0].offset, 15u);
}

}  // namespace
}  // namespace skiff
