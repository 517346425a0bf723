// Face: one version of WASI as linkers are given it. A face is a table of rows (functions.def of its folder) over
// function(), resource() and type(); stateless, shared by any number of linkers and stores, which it outlives.
#pragma once

#include "component/exec/linker.h"
#include "wasi/common/async.h"

namespace skiff::wasi {

class WasiState;
using WasiStatePtr = std::unique_ptr<WasiState, void (*)(WasiState*)>;

/// Gives a store its authority, for all faces: `ctx` must outlive the store; and so must what is returned, which is to be
/// destroyed after it. Uses the core store's data().
WasiStatePtr attach_wasi(component::ComponentStore& store, Ctx& ctx);

class Face {
 public:
  explicit Face(size_t resource_kinds);
  Face(const Face&) = delete;

  WasiStatePtr attach(component::ComponentStore& store, Ctx& ctx) const { return attach_wasi(store, ctx); }
  /// By R::kType.
  component::ResourceType& resource_type(size_t kind) const { return *types_.resources[kind]; }

 protected:
  ~Face();

  /// Defines one interface after the other.
  class Definer {
   public:
    Definer(const Face& face, component::ComponentLinker& linker);

    template <auto F>
    void function(std::string_view name, std::string_view params) {
      type_.type = typed_function_type<F>(maker_, params);
      linker_.define_flat(interface, name, type_, typed_function<F>(), data_);
    }
    /// Of async type.
    template <auto F>
    void async_function(std::string_view name, std::string_view params) {
      type_.type = typed_function_type<F>(maker_, params, true);
      linker_.define_flat(interface, name, type_, typed_async_function<F>(), data_);
    }
    void resource(std::string_view name, size_t kind);
    template <class T>
    void type(std::string_view name) {
      plain(name, Wit<T>::type(maker_));
    }

    std::string_view interface;

   private:
    void plain(std::string_view name, component::ValType value);

    const Face& face_;
    component::ComponentLinker& linker_;
    TypeMaker maker_;
    component::HostFuncType type_;
    void* data_;
  };

 private:
  HostTypes types_;
  component::TypeTablePtr table_;
  std::vector<component::ResourceId> ids_;
};

}  // namespace skiff::wasi
