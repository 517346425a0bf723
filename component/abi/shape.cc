// Shapes: one look at the type's body.
#include "component/abi/shape.h"

#include "engine/base/check.h"

namespace skiff::component {
namespace {

template <class... F>
struct Overload : F... {
  using F::operator()...;
};

}  // namespace

Shape::Shape(const TypeTable& types, ValType type) : types_(types), type_(type) {
  if (type.is_primitive()) return;
  auto sized = [this](Kind kind, size_t size) {
    kind_ = kind;
    size_ = size;
  };
  std::visit(Overload{
                 [&](const RecordType& t) { record_ = &t, sized(Kind::Record, t.fields.size()); },
                 [&](const TupleType& t) { tuple_ = &t, sized(Kind::Record, t.types.size()); },
                 [&](const VariantType& t) { variant_ = &t, sized(Kind::Variant, t.cases.size()); },
                 [&](const EnumType& t) { sized(Kind::Variant, t.labels.size()); },
                 [&](const OptionType& t) { option_ = &t, sized(Kind::Variant, 2); },
                 [&](const ResultType& t) { result_ = &t, sized(Kind::Variant, 2); },
                 [&](const FlagsType& t) { sized(Kind::Flags, t.labels.size()); },
                 [&](const ListType& t) {
                   kind_ = Kind::List;
                   element_ = t.element;
                   fixed_length_ = t.length;
                 },
                 [&](const MapType& t) { map_ = &t, kind_ = Kind::List; },
                 [&](const OwnType& t) { kind_ = Kind::Own, resource_ = t.resource; },
                 [&](const BorrowType& t) { kind_ = Kind::Borrow, resource_ = t.resource; },
                 [&](const StreamType& t) { kind_ = Kind::Stream, payload_ = t.element; },
                 [&](const FutureType& t) { kind_ = Kind::Future, payload_ = t.element; },
                 [](const FuncType&) { SKIFF_CHECK(!"a value type"); },
                 [](const ComponentType&) { SKIFF_CHECK(!"a value type"); },
                 [](const InstanceType&) { SKIFF_CHECK(!"a value type"); },
                 [](const ModuleType&) { SKIFF_CHECK(!"a value type"); },
             },
             types.body(type.id()));
}

ValType Shape::field(size_t i) const {
  if (record_) return record_->fields[i].type;
  if (tuple_) return tuple_->types[i];
  return i == 0 ? map_->key : map_->value;
}

OptType Shape::case_type(size_t i) const {
  if (variant_) return variant_->cases[i].type;
  if (option_) return i == 0 ? OptType() : OptType(option_->type);
  if (result_) return i == 0 ? result_->ok : result_->error;
  return {};
}

uint32_t Shape::element_align(bool wide) const {
  if (!map_) return types_.facts(element_).align[wide];
  return std::max(types_.facts(map_->key).align[wide], types_.facts(map_->value).align[wide]);
}

uint64_t Shape::element_size(bool wide) const {
  if (!map_) return types_.facts(element_).size[wide];
  const uint64_t value_at = align_to(types_.facts(map_->key).size[wide], types_.facts(map_->value).align[wide]);
  return align_to(value_at + types_.facts(map_->value).size[wide], element_align(wide));
}

}  // namespace skiff::component
