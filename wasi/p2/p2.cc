// Defining the table (functions.def) in a linker.
#include "wasi/p2/p2.h"

#include "wasi/os/file_stream.h"
#include "wasi/p2/functions.h"
#include "wasi/p2/state.h"

namespace skiff::wasi {

P2State::P2State(Ctx& ctx)
    : ctx(ctx),
      scheduler(ctx.scheduler ? *ctx.scheduler : own_scheduler),
      net{ctx.network, scheduler, ctx.limits.sockets},
      resources(ctx.limits.resources),
      scratch(kStreamChunk),
      in(std_input(ctx.in)) {
  uint8_t bytes[sizeof secret];
  if (SystemRandom().fill(bytes)) secret = load_unaligned<uint64_t>(bytes);
}

namespace {

// Dropping a handle. What is left when the store ends, the P2State destroys.
Outcome drop(component::ComponentStore& store, uint64_t rep) {
  auto& state = *static_cast<P2State*>(store.core().data());
  if (state.resources.drop(HostResource::from_rep(rep))) return Outcome::Ok;
  return store.core().trap(TrapCode::HostError, "cannot drop a resource that has children");
}

}  // namespace

P2::P2() : table_(std::make_shared<component::TypeTable>()) {
  for (size_t i = 0; i < static_cast<size_t>(p2::ResourceKind::Count); ++i) {
    types_.resources.push_back(std::make_shared<component::ResourceType>(drop));
    ids_.push_back(table_->new_resource());
  }
}

P2::~P2() = default;

void P2::define(component::ComponentLinker& linker) const {
  TypeMaker maker{*table_, ids_};
  component::HostFuncType type{table_, component::kNoType, {}};
  for (size_t i = 0; i < ids_.size(); ++i) type.resources.emplace(ids_[i], types_.resources[i].get());
  void* const data = const_cast<HostTypes*>(&types_);

  const auto function = [&]<auto F>(std::string_view interface, std::string_view name, std::string_view params,
                                    std::integral_constant<decltype(F), F>) {
    type.type = typed_function_type<F>(maker, params);
    linker.define_flat(interface, name, type, typed_function<F>(), data);
  };
  const auto resource = [&](std::string_view interface, std::string_view name, size_t kind) {
    linker.define_resource(interface, name, types_.resources[kind]);
  };
  const auto plain = [&](std::string_view interface, std::string_view name, component::ValType value) {
    component::Item item;
    item.sort = component::Sort::Type;
    item.types = table_;
    item.type.sort = component::Sort::Type;
    item.type.type.value = value;
    linker.define(interface, name, std::move(item));
  };
#define SKIFF_P2_INTERFACE(NAME, FUNCTIONS)            \
  {                                                    \
    constexpr std::string_view interface = NAME;       \
    FUNCTIONS                                          \
  }
#define SKIFF_P2_RESOURCE(NAME, R) resource(interface, NAME, p2::R::kType);
#define SKIFF_P2_TYPE(NAME, ...) plain(interface, NAME, Wit<__VA_ARGS__>::type(maker));
#define SKIFF_P2(NAME, PARAMS, F) \
  function(interface, NAME, PARAMS, std::integral_constant<decltype(&p2::F), &p2::F>{});
#include "wasi/p2/functions.def"
#undef SKIFF_P2
#undef SKIFF_P2_TYPE
#undef SKIFF_P2_RESOURCE
#undef SKIFF_P2_INTERFACE
}

std::unique_ptr<P2State, void (*)(P2State*)> P2::attach(component::ComponentStore& store, Ctx& ctx) const {
  std::unique_ptr<P2State, void (*)(P2State*)> state(new P2State(ctx), [](P2State* s) { delete s; });
  store.core().set_data(state.get());
  return state;
}

}  // namespace skiff::wasi
