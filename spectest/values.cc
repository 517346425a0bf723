// Arguments, patterns and their notation.
#include "spectest/values.h"

#include "engine/gc/heap.h"
#include "engine/text/numbers.h"
#include "engine/valid/valid.h"

namespace skiff::spectest {
namespace {

// The bottom of an abstract heap type's hierarchy: a null of it is a null of every type there.
HeapType bottom_of(const TypeRegistry& types, HeapType heap) {
  const HeapType top = top_of(types, heap);
  if (top == HeapType::Func) return HeapType::NoFunc;
  if (top == HeapType::Extern) return HeapType::NoExtern;
  if (top == HeapType::Exn) return HeapType::NoExn;
  return HeapType::None;
}

uint64_t lane_of(const Val& value, size_t lane, uint8_t bits) {
  uint64_t out = 0;
  std::memcpy(&out, value.v128.bytes.data() + lane * (bits / 8), bits / 8);
  return out;
}

bool lane_matches(const LanePattern& pattern, uint64_t actual, uint8_t bits) {
  // Quiet bit and exponent all ones; a canonical NaN has nothing else but any sign.
  const uint64_t canonical = bits == 32 ? 0x7FC00000u : 0x7FF8000000000000u;
  const uint64_t sign = uint64_t{1} << (bits - 1);
  switch (pattern.kind) {
    case LanePattern::Kind::Bits:
      return actual == pattern.bits;
    case LanePattern::Kind::CanonicalNan:
      return (actual & ~sign) == canonical;
    case LanePattern::Kind::ArithmeticNan:
      return (actual & canonical) == canonical;
  }
  return false;
}

std::string lane_text(uint64_t bits, uint8_t width, bool is_float) {
  if (is_float && width == 32) return text::print_f32(static_cast<uint32_t>(bits));
  if (is_float) return text::print_f64(bits);
  const unsigned shift = 64 - width;
  return std::to_string(static_cast<int64_t>(bits << shift) >> shift);
}

std::string_view scalar_keyword(ValType type) {
  if (type == ValType::I32) return "i32.const";
  if (type == ValType::I64) return "i64.const";
  if (type == ValType::F32) return "f32.const";
  return "f64.const";
}

std::string lanes_head(const Pattern& p) {
  if (!p.type.is_vec()) return std::string(scalar_keyword(p.type));
  return "v128.const " + std::string(p.float_lanes ? "f" : "i") + std::to_string(p.lane_bits) +
         "x" + std::to_string(p.lanes.size());
}

// A host object's data is the id that scripts know it by.
gc::Object* as_object(Ref ref) {
  return ref == kNullRef || is_i31(ref) ? nullptr : gc::to_object(ref);
}

std::optional<uint64_t> host_id(Ref ref) {
  gc::Object* object = as_object(ref);
  if (!object || object->type->kind != gc::Kind::Host) return std::nullopt;
  return reinterpret_cast<uint64_t>(static_cast<gc::HostObject*>(object)->data);
}

// The most specific abstract type of a value in the any hierarchy.
HeapType kind_of(Ref ref) {
  if (is_i31(ref)) return HeapType::I31;
  switch (as_object(ref)->type->kind) {
    case gc::Kind::Struct:
      return HeapType::Struct;
    case gc::Kind::Array:
      return HeapType::Array;
    case gc::Kind::Exception:
    case gc::Kind::Host:
      break;
  }
  return HeapType::Any;
}

// Is a non-null reference of an abstract type?
bool is_a(const TypeRegistry& types, const Val& value, HeapType heap) {
  const HeapType top = top_of(types, value.type.heap());
  if (heap == top) return true;
  if (top != HeapType::Any) return false;
  const HeapType kind = kind_of(value.ref);
  return kind == heap || (heap == HeapType::Eq && kind != HeapType::Any);
}

std::string reference_text(Store& store, const Val& value) {
  const HeapType top = top_of(store.engine().types(), value.type.heap());
  if (value.ref == kNullRef) return "(ref.null " + to_string(top) + ")";
  if (top == HeapType::Func) return "(ref.func)";
  if (top == HeapType::Exn) return "(ref.exn)";
  if (is_i31(value.ref)) return "(ref.i31 " + std::to_string(i31_get_s(value.ref)) + ")";
  if (const auto id = host_id(value.ref)) {
    return (top == HeapType::Extern ? "(ref.extern " : "(ref.host ") + std::to_string(*id) + ")";
  }
  return "(ref." + to_string(kind_of(value.ref)) + ")";
}

template <class T, class F>
std::string joined(const std::vector<T>& items, F text) {
  std::string out;
  for (const T& item : items) out.append(out.empty() ? "" : " ").append(text(item));
  return out.empty() ? "nothing" : out;
}

}  // namespace

Result<Val> to_val(Store& store, const Const& constant, std::vector<gc::Rooted>& roots) {
  switch (constant.kind) {
    case Const::Kind::Number:
      return constant.number;
    case Const::Kind::Null: {
      const HeapType bottom = bottom_of(store.engine().types(), constant.heap);
      return Val::of_ref(ValType::ref(bottom, true), kNullRef);
    }
    case Const::Kind::Extern:
    case Const::Kind::Host: {
      const HeapType heap = constant.kind == Const::Kind::Extern ? HeapType::Extern : HeapType::Any;
      gc::Object* object =
          store.heap().allocate_host(reinterpret_cast<void*>(constant.id), nullptr);
      if (!object) return fail(ErrorCode::OutOfMemory);
      roots.emplace_back(store.heap().handles(), gc::to_ref(object));
      return Val::of_ref(ValType::ref(heap, false), gc::to_ref(object));
    }
  }
  return fail(ErrorCode::InvalidArgument);
}

bool matches(Store& store, const Pattern& pattern, const Val& value) {
  const auto top = [&](HeapType heap) { return top_of(store.engine().types(), heap); };
  const bool reference = value.type.is_ref();
  switch (pattern.kind) {
    case Pattern::Kind::Lanes:
      if (value.type != pattern.type) return false;
      for (size_t i = 0; i < pattern.lanes.size(); ++i) {
        if (!lane_matches(pattern.lanes[i], lane_of(value, i, pattern.lane_bits),
                          pattern.lane_bits))
          return false;
      }
      return true;
    case Pattern::Kind::Null:
      return reference && value.ref == kNullRef &&
             (!pattern.heap || top(*pattern.heap) == top(value.type.heap()));
    case Pattern::Kind::Extern:
    case Pattern::Kind::Host: {
      const HeapType expected =
          pattern.kind == Pattern::Kind::Extern ? HeapType::Extern : HeapType::Any;
      if (!reference || value.ref == kNullRef || top(value.type.heap()) != expected) return false;
      return !pattern.id || host_id(value.ref) == pattern.id;
    }
    case Pattern::Kind::Object:
      return reference && value.ref != kNullRef &&
             is_a(store.engine().types(), value, *pattern.heap);
    case Pattern::Kind::Either:
      for (const Pattern& choice : pattern.choices)
        if (matches(store, choice, value)) return true;
      return false;
  }
  return false;
}

std::string to_string(Store& store, const Val& value) {
  if (value.type.is_ref()) return reference_text(store, value);
  if (value.type.is_vec()) {
    std::string out = "(v128.const i32x4";
    for (const uint32_t lane : value.v128.lanes<uint32_t>()) {
      static constexpr char kHex[] = "0123456789abcdef";
      out += " 0x";
      for (int shift = 28; shift >= 0; shift -= 4) out += kHex[lane >> shift & 15];
    }
    return out + ")";
  }
  const auto bits = static_cast<uint8_t>(value.type.size() * 8);
  const bool is_float = value.type == ValType::F32 || value.type == ValType::F64;
  return "(" + std::string(scalar_keyword(value.type)) + " " +
         lane_text(lane_of(value, 0, bits), bits, is_float) + ")";
}

std::string to_string(const Pattern& pattern) {
  switch (pattern.kind) {
    case Pattern::Kind::Lanes: {
      std::string out = "(" + lanes_head(pattern);
      for (const LanePattern& lane : pattern.lanes) {
        out += ' ';
        if (lane.kind == LanePattern::Kind::CanonicalNan)
          out += "nan:canonical";
        else if (lane.kind == LanePattern::Kind::ArithmeticNan)
          out += "nan:arithmetic";
        else
          out += lane_text(lane.bits, pattern.lane_bits, pattern.float_lanes);
      }
      return out + ")";
    }
    case Pattern::Kind::Null:
      return pattern.heap ? "(ref.null " + to_string(*pattern.heap) + ")" : "(ref.null)";
    case Pattern::Kind::Object:
      return "(ref." + to_string(*pattern.heap) + ")";
    case Pattern::Kind::Extern:
      return pattern.id ? "(ref.extern " + std::to_string(*pattern.id) + ")" : "(ref.extern)";
    case Pattern::Kind::Host:
      return pattern.id ? "(ref.host " + std::to_string(*pattern.id) + ")" : "(ref.host)";
    case Pattern::Kind::Either:
      return "(either " + to_string(pattern.choices) + ")";
  }
  return "";
}

std::string to_string(Store& store, const std::vector<Val>& values) {
  return joined(values, [&](const Val& v) { return to_string(store, v); });
}
std::string to_string(const std::vector<Pattern>& patterns) {
  return joined(patterns, [](const Pattern& p) { return to_string(p); });
}

}  // namespace skiff::spectest
