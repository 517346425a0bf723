// Faces, and the state of stores.
#include "wasi/common/face.h"

#include "wasi/common/state.h"
#include "wasi/os/file_stream.h"

namespace skiff::wasi {

WasiState::WasiState(Ctx& ctx)
    : ctx(ctx),
      scheduler(ctx.scheduler ? *ctx.scheduler : own_scheduler),
      loop(scheduler),
      net{ctx.network, scheduler, ctx.limits.sockets},
      http(ctx.limits.http_bytes),
      resources(ctx.limits.resources),
      scratch(kStreamChunk),
      in(std_input(ctx.in)) {}

uint64_t WasiState::secret() {
  if (!secret_) {
    uint8_t bytes[sizeof(uint64_t)] = {};
    (void)SystemRandom().fill(bytes);
    secret_ = load_unaligned<uint64_t>(bytes);
  }
  return *secret_;
}

WasiState::~WasiState() {
  const auto last = std::move(working);  // they look at the rest when they go
}

WasiStatePtr attach_wasi(component::ComponentStore& store, Ctx& ctx) {
  WasiStatePtr state(new WasiState(ctx), [](WasiState* s) { delete s; });
  store.core().set_data(state.get());
  store.wait_for_host = [&store, &loop = state->loop](bool wait, bool& progressed) {
    const HostLoop::Turn turn = loop.turn(wait, {&store.core().vm().interrupt, nullptr});
    progressed = turn == HostLoop::Turn::Progress;
    switch (turn) {
      case HostLoop::Turn::Progress:
      case HostLoop::Turn::Nothing: return Outcome::Ok;
      case HostLoop::Turn::Trapped: return Outcome::Trap;
      case HostLoop::Turn::Interrupted: return store.core().trap(TrapCode::Interrupted);
      case HostLoop::Turn::Failed: break;
    }
    return store.core().trap(TrapCode::HostError, "the host cannot wait");
  };
  return state;
}

namespace {

// Dropping a handle. What is left when the store ends, the state destroys.
Outcome drop(component::ComponentStore& store, uint64_t rep) {
  auto& state = *static_cast<WasiState*>(store.core().data());
  if (state.resources.drop(HostResource::from_rep(rep))) return Outcome::Ok;
  return store.core().trap(TrapCode::HostError, "cannot drop a resource that has children");
}

}  // namespace

Face::Face(size_t resource_kinds) : table_(std::make_shared<component::TypeTable>()) {
  for (size_t i = 0; i < resource_kinds; ++i) {
    types_.resources.push_back(std::make_shared<component::ResourceType>(drop));
    ids_.push_back(table_->new_resource());
  }
}

Face::~Face() = default;

Face::Definer::Definer(const Face& face, component::ComponentLinker& linker)
    : face_(face),
      linker_(linker),
      maker_{*face.table_, face.ids_},
      type_{face.table_, component::kNoType, {}},
      data_(const_cast<HostTypes*>(&face.types_)) {
  for (size_t i = 0; i < face.ids_.size(); ++i)
    type_.resources.emplace(face.ids_[i], face.types_.resources[i].get());
}

void Face::Definer::resource(std::string_view name, size_t kind) {
  linker_.define_resource(interface, name, face_.types_.resources[kind]);
}

void Face::Definer::plain(std::string_view name, component::ValType value) {
  component::Item item;
  item.sort = component::Sort::Type;
  item.types = face_.table_;
  item.type.sort = component::Sort::Type;
  item.type.type.value = value;
  linker_.define(interface, name, std::move(item));
}

}  // namespace skiff::wasi
