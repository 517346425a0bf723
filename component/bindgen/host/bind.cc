// Defining, finding and calling; what does not depend on C++ types.
#include "component/bindgen/host/bind.h"

#include "component/abi/strings.h"
#include "component/exec/instantiate.h"
#include "engine/base/utf8.h"

namespace skiff::bind {

using component::CmTrap;

// ---- one side of a call

bool Context::read_string(uint64_t ptr, uint64_t code_units, std::string_view& text, std::string& buffer) {
  using component::StringEncoding;
  if (cx_.options.encoding == StringEncoding::Utf8 && !cx_.options.memory->type().shared) {
    if (code_units > component::kMaxByteLength) return trap(CmTrap::StringTooLong);
    const uint8_t* p = cx_.checked(ptr, code_units, 1, CmTrap::UnalignedPointer, CmTrap::StringOutOfBounds);
    if (!p) return false;
    text = {reinterpret_cast<const char*>(p), static_cast<size_t>(code_units)};
    if (is_utf8(text)) return true;
  }
  // Transcodes; or says what is wrong with it.
  component::Val value;
  if (!component::load_string(cx_, ptr, code_units, value)) return false;
  buffer = value.string();
  text = buffer;
  return true;
}

bool Context::write_string(std::string_view text, uint64_t& ptr, uint64_t& code_units) {
  if (text.size() > component::kMaxByteLength) return trap(CmTrap::StringTooLong);
  if (!is_utf8(text)) return trap(CmTrap::WrongValue, "a string that is not UTF-8");
  return component::store_string(cx_, {text, component::StringSource::Utf8, static_cast<uint32_t>(text.size())}, ptr,
                                 code_units);
}

bool Context::known(uint32_t number) {
  return types_.types[number] || trap(CmTrap::WrongValue, "a resource of an interface that the host has not defined");
}

bool Context::lift_own(uint32_t index, uint32_t number, uint64_t& rep) {
  if (!known(number)) return false;
  const component::Handle* handle = cx_.inst.resource_handle(index, &types_[number]);
  if (!handle) return false;
  if (handle->number != 0) return trap(CmTrap::HandleLent);
  if (handle->kind != component::Handle::Kind::Own) return trap(CmTrap::HandleNotOwned);
  rep = handle->rep;
  cx_.inst.handles.remove(index);
  return true;
}

// The handle stays the guest's. Nothing can drop it while a function of the host runs, unless that calls the guest.
bool Context::lift_borrow(uint32_t index, uint32_t number, uint64_t& rep) {
  if (!known(number)) return false;
  const component::Handle* handle = cx_.inst.resource_handle(index, &types_[number]);
  if (handle) rep = handle->rep;
  return handle != nullptr;
}

bool Context::lower_own(uint32_t number, uint64_t rep, uint32_t& index) {
  if (!known(number)) return false;
  index = cx_.inst.add({.kind = component::Handle::Kind::Own, .type = &types_[number], .rep = rep});
  return index != 0;
}

bool Context::lower_borrow(uint32_t number, uint64_t rep, uint32_t& index) {
  if (!known(number)) return false;
  uint64_t wide_index = 0;
  if (!cx_.lower_borrow_of(types_[number], rep, wide_index)) return false;
  index = static_cast<uint32_t>(wide_index);
  return true;
}

// ---- imports

Imports::Imports(component::ComponentLinker& linker, uint32_t resources)
    : linker_(linker), table_(std::make_shared<component::TypeTable>()), maker_{*table_, ids_} {
  for (uint32_t i = 0; i < resources; ++i) {
    ids_.push_back(table_->new_resource());
    owned_.push_back(nullptr);
    types_.types.push_back(nullptr);
  }
}

Imports::~Imports() = default;

Imports::Interface::Interface(Imports& imports, std::string name, void* object)
    : imports_(imports), name_(std::move(name)), bound_(std::make_shared<Bound>(Bound{imports, object})) {
  imports_.bound_.push_back(bound_);
}

void Imports::Interface::define_resource(std::string_view name, uint32_t number) {
  auto& type = imports_.owned_[number];
  if (!type) {
    type = std::make_shared<component::ResourceType>([](component::ComponentStore&, uint64_t rep) {
      delete Resource::from_rep(rep);
      return Outcome::Ok;
    });
    imports_.types_.types[number] = type.get();
  }
  if (name_.empty()) imports_.linker_.define(name, component::Item::of(type));
  else imports_.linker_.define_resource(name_, name, type);
}

void Imports::Interface::define_type(std::string_view name, component::ValType type) {
  component::Item item;
  item.sort = component::Sort::Type;
  item.types = imports_.table_;
  item.type.sort = component::Sort::Type;
  item.type.type.value = type;
  if (name_.empty()) imports_.linker_.define(name, std::move(item));
  else imports_.linker_.define(name_, name, std::move(item));
}

void Imports::Interface::define_function(std::string_view name, component::FuncType type, component::FlatHostFn fn) {
  component::HostFuncType host{imports_.table_, imports_.table_->add(std::move(type)), {}};
  for (size_t i = 0; i < imports_.ids_.size(); ++i)
    if (imports_.types_.types[i]) host.resources.emplace(imports_.ids_[i], imports_.types_.types[i]);
  component::Item item =
      component::Item::of(component::FuncPtr(std::make_shared<component::HostFunc>(std::move(host), fn, bound_.get())));
  if (name_.empty()) imports_.linker_.define(name, std::move(item));
  else imports_.linker_.define(name_, name, std::move(item));
}

// ---- exports

Exports::Exports(component::ComponentStore& store, Imports& imports)
    : store_(store), imports_(imports), types_(imports.types()) {}

RunResult<std::shared_ptr<Exports>> Exports::instantiate(component::ComponentStore& store, Imports& imports,
                                                         component::ComponentPtr component) {
  auto instance = imports.linker().instantiate(store, std::move(component));
  if (!instance) return std::unexpected(std::move(instance.error()));
  std::shared_ptr<Exports> out(new Exports(store, imports));
  out->root_ = std::move(*instance);
  out->interface_ = out->root_;
  return out;
}

RunResult<void> Exports::status() const {
  if (status_) return {};
  Failure failure;
  failure.error = status_.error();
  return std::unexpected(std::move(failure));
}

void Exports::interface(std::string_view name) {
  interface_name_ = name;
  interface_ = nullptr;
  if (name.empty()) {
    interface_ = root_;
  } else if (const component::Item* item = root_->find(name); item && item->sort == component::Sort::Instance) {
    interface_ = item->instance;
  } else {
    // The component may have another version of it.
    const std::string_view prefix = component::compatible_name(name);
    for (const auto& [key, candidate] : root_->exports)
      if (prefix != name && component::compatible_name(key) == prefix && candidate.instance)
        interface_ = candidate.instance;
  }
  if (!interface_ && status_)
    status_ = fail(ErrorCode::UnknownImport, kNoOffset, kNoIndex, "the component does not export `" + std::string(name) + "`");
}

namespace {

std::string place(std::string_view interface, std::string_view name) {
  return "export `" + std::string(interface) + (interface.empty() ? "" : "#") + std::string(name) + "`";
}

}  // namespace

void Exports::find_resource(std::string_view name, uint32_t number) {
  if (!status_) return;
  const component::Item* item = interface_->find(name);
  if (!item || !item->resource) {
    status_ = fail(ErrorCode::IncompatibleImportType, kNoOffset, kNoIndex, place(interface_name_, name) + " is no resource");
    return;
  }
  types_.types[number] = item->resource.get();
}

// Its type must be the one that the bindings were made for: codecs rely on it.
void Exports::find_function(std::string_view name, component::FuncType type) {
  if (!status_) return;
  const component::Item* item = interface_->find(name);
  if (!item || !item->func) {
    status_ = fail(ErrorCode::UnknownImport, kNoOffset, kNoIndex, place(interface_name_, name) + " is missing");
    return;
  }
  component::ExternType expected;
  expected.sort = component::Sort::Func;
  expected.id = imports_.table()->add(std::move(type));
  component::ResourceBindings bindings;
  for (size_t i = 0; i < types_.types.size(); ++i)
    if (types_.types[i]) bindings.emplace(imports_.ids()[i], types_.types[i]);
  Status matches = component::match_item(store_.core().engine().types(), *item, *imports_.table(), expected, bindings);
  if (!matches) {
    status_ = std::move(matches);
    status_.error().detail = place(interface_name_, name) + ": " + status_.error().detail;
    return;
  }
  if (!item->func->is_component() || item->func->type().async_) {
    status_ = fail(ErrorCode::IncompatibleImportType, kNoOffset, kNoIndex,
                   place(interface_name_, name) + " is no sync function of the component");
    return;
  }
  functions_.push_back(item->func);
}

namespace {

Failure pending_failure(Store& core) {
  Failure failure;
  failure.kind = Failure::Kind::Trap;
  failure.trap = std::exchange(core.pending_trap(), Trap{});
  return failure;
}

}  // namespace

RunResult<void> Exports::run(size_t n, component::CallSide& side) {
  const component::ComponentStore::Nesting nesting(store_);
  if (functions_[n]->call(store_, component::borrowed(side), nullptr, nullptr) == Outcome::Ok) return {};
  return std::unexpected(pending_failure(store_.core()));
}

RunResult<void> Exports::drop(uint32_t number, uint64_t rep) {
  const component::ComponentStore::Nesting nesting(store_);
  if (component::drop_resource(store_, {&types_[number], rep}, nullptr) == Outcome::Ok) return {};
  return std::unexpected(pending_failure(store_.core()));
}

GuestResource::GuestResource(Exports* exports, uint32_t number, uint64_t rep)
    : exports_(exports->shared_from_this()), number_(number), rep_(rep) {}

RunResult<void> GuestResource::drop() {
  if (!exports_) return {};
  const std::shared_ptr<Exports> exports = std::move(exports_);
  exports_.reset();
  return exports->drop(number_, rep_);
}

}  // namespace skiff::bind
