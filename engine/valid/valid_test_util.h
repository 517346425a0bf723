// What the tests of this folder share: text in, validation result out.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "engine/binary/decode.h"
#include "engine/text/text.h"
#include "engine/valid/valid.h"

namespace skiff::testing {

inline Module parse(std::string_view wat, Features features = Features::all()) {
  auto binary = wat_to_binary(wat, features);
  EXPECT_TRUE(binary) << (binary ? "" : binary.error().message()) << "\n" << wat;
  if (!binary) return {};
  auto module = decode_module(SharedBytes::own(std::move(*binary)), features);
  EXPECT_TRUE(module) << (module ? "" : module.error().message()) << "\n" << wat;
  return module ? std::move(*module) : Module{};
}

/// "" when valid, else the error's message.
inline std::string check(std::string_view wat, Features features = Features::all()) {
  TypeRegistry registry;
  auto info = validate_module(parse(wat, features), registry);
  return info ? "" : info.error().message();
}

/// The message for a module of one function with these fields before it.
inline std::string check_func(std::string_view func, std::string_view fields = "") {
  return check("(module " + std::string(fields) + " (func " + std::string(func) + "))");
}

inline bool starts_with(const std::string& text, std::string_view prefix) { return text.starts_with(prefix); }

#define EXPECT_VALID(EXPR) EXPECT_EQ(EXPR, "")
#define EXPECT_ERROR(EXPR, PREFIX) EXPECT_PRED2(::skiff::testing::starts_with, EXPR, PREFIX)

}  // namespace skiff::testing
