// Imports and Exports: a world's C++ bindings on the host's side. Generated code (`skiff bindgen --host`) includes this.
//
// Imports gives a linker what the host implements: abstract classes, one object each. Exports calls what a
// component exports, whose types are checked when it is found. Both are made for one world, and number its resources
// alike.
#pragma once

#include "component/bindgen/host/codec_compound.h"

namespace skiff::bind {

/// A call of a function that the host implements: what it may do besides giving a result.
class Call {
 public:
  Call(component::FlatCall& flat, void* object) : flat_(flat), object_(object) {}
  component::ComponentStore& store() { return flat_.store(); }
  /// Ends the guest with a trap; the function's result does not matter then.
  void trap(std::string message) { outcome_ = flat_.trap(std::move(message)); }
  /// Ends the guest without its being a fault.
  void exit(int32_t status) { outcome_ = flat_.exit(status); }
  Outcome outcome() const { return outcome_; }
  template <class Host>
  Host& host() {
    return *static_cast<Host*>(object_);
  }

 private:
  component::FlatCall& flat_;
  void* object_;
  Outcome outcome_ = Outcome::Ok;
};

/// What a world imports, as a linker is given it. Lives longer than the stores of components that are linked with it.
class Imports {
 public:
  /// `resources`: of the world.
  Imports(component::ComponentLinker& linker, uint32_t resources);
  Imports(const Imports&) = delete;
  ~Imports();

  const component::ComponentLinker& linker() const { return linker_; }
  ResourceList& resources() { return resources_; }
  const ResourceTypes& types() const { return types_; }
  const component::TypeTablePtr& table() const { return table_; }
  const std::vector<component::ResourceId>& ids() const { return ids_; }
  TypeMaker maker() { return {*table_, ids_}; }

  /// Defines one interface ("": the world's own functions), implemented by `object`.
  class Interface {
   public:
    template <class R>
    void resource(std::string_view name) {
      define_resource(name, R::kType);
    }
    template <class T>
    void type(std::string_view name) {
      define_type(name, codec<T>::type(imports_.maker_ref()));
    }
    /// F: R F(Call&, parameters&...). `params`: their names, separated by spaces.
    template <auto F>
    void function(std::string_view name, std::string_view params);

   private:
    friend class Imports;
    struct Bound {
      Imports& imports;
      void* object;
    };
    Interface(Imports& imports, std::string name, void* object);
    void define_resource(std::string_view name, uint32_t number);
    void define_type(std::string_view name, component::ValType type);
    void define_function(std::string_view name, component::FuncType type, component::FlatHostFn fn);
    template <auto F>
    static Outcome entry(component::FlatCall& flat);
    Imports& imports_;
    std::string name_;
    std::shared_ptr<Bound> bound_;
  };
  Interface interface(std::string name, void* object) { return Interface(*this, std::move(name), object); }

 private:
  friend class Interface;
  TypeMaker& maker_ref() { return maker_; }
  component::ComponentLinker& linker_;
  component::TypeTablePtr table_;
  std::vector<component::ResourceId> ids_;
  std::vector<std::shared_ptr<component::ResourceType>> owned_;
  ResourceTypes types_;
  ResourceList resources_;
  TypeMaker maker_;
  std::vector<std::shared_ptr<void>> bound_;
};

// ---- functions of the host

namespace detail {

template <class F>
struct Signature;
template <class R, class... Args>
struct Signature<R (*)(Call&, Args&...)> {
  using Result = R;
  using Params = std::tuple<std::remove_const_t<Args>...>;
};

inline component::Field named(std::string_view& names, component::ValType type) {
  const size_t end = std::min(names.find(' '), names.size());
  component::Field f{std::string(names.substr(0, end)), type};
  names.remove_prefix(std::min(end + 1, names.size()));
  return f;
}
template <class R, class... Args>
component::FuncType function_type([[maybe_unused]] TypeMaker& m, [[maybe_unused]] std::string_view names,
                                  std::type_identity<std::tuple<Args...>>) {
  component::FuncType f;
  (f.params.push_back(named(names, codec<Args>::type(m))), ...);
  f.result = Payload<R>::type(m);
  return f;
}

}  // namespace detail

template <auto F>
void Imports::Interface::function(std::string_view name, std::string_view params) {
  using S = detail::Signature<decltype(F)>;
  define_function(name,
                  detail::function_type<typename S::Result>(imports_.maker_, params,
                                                            std::type_identity<typename S::Params>{}),
                  entry<F>);
}

template <auto F>
Outcome Imports::Interface::entry(component::FlatCall& flat) {
  using S = detail::Signature<decltype(F)>;
  using R = typename S::Result;
  using Params = codec<typename S::Params>;
  Bound& bound = *static_cast<Bound*>(flat.data());
  Context c(flat.context(), bound.imports.types_, bound.imports.resources_, nullptr);
  const uint64_t out = Payload<R>::kFlat > flat.max_flat_results() ? flat.out_address() : 0;
  component::FlatReader in(flat.args());
  typename S::Params params;
  if (Params::kFlat > flat.max_flat_params()) {
    const uint8_t* p = c.memory(in.address(c.wide()), Params::size(c.wide()), Params::align(c.wide()));
    if (!p || !Params::load(c, p, params)) return Outcome::Trap;
  } else if constexpr (Params::kFlat <= component::kMaxFlatParams) {
    if (!Params::lift(c, in, params)) return Outcome::Trap;
  }
  Call call(flat, bound.object);
  const auto run = [&](auto&... args) { return F(call, args...); };
  if constexpr (std::is_void_v<R>) {
    std::apply(run, params);
    return call.outcome();
  } else {
    R result = std::apply(run, params);
    if (call.outcome() != Outcome::Ok) return call.outcome();
    if (Payload<R>::kFlat > flat.max_flat_results()) {
      uint8_t* p = c.memory(out, codec<R>::size(c.wide()), codec<R>::align(c.wide()));
      return p && codec<R>::store(c, result, p) ? Outcome::Ok : Outcome::Trap;
    }
    if constexpr (codec<R>::kFlat <= component::kMaxFlatResults) {
      Slot flat_result{};
      component::FlatWriter writer(&flat_result);
      if (!codec<R>::lower(c, result, writer)) return Outcome::Trap;
      flat.set_result(flat_result.u64);
    }
    return Outcome::Ok;
  }
}

// ---- functions of the guest

/// What a component of the world exports. Shared by the classes that call it and the resources that it gives.
class Exports : public std::enable_shared_from_this<Exports> {
 public:
  /// Instantiates a component with what the Imports' linker has, which `imports` is part of.
  static RunResult<std::shared_ptr<Exports>> instantiate(component::ComponentStore& store, Imports& imports,
                                                         component::ComponentPtr component);
  component::ComponentStore& store() const { return store_; }
  Imports& imports() const { return imports_; }
  const ResourceTypes& types() const { return types_; }

  // Finding what the world exports; the first failure stays in status(). Requires: resources before functions.
  RunResult<void> status() const;
  void interface(std::string_view name);
  template <class R>
  void resource(std::string_view name) {
    find_resource(name, R::kType);
  }
  /// The next function: they are numbered as they are found.
  template <class R, class... Args>
  void function(std::string_view name, std::string_view params) {
    TypeMaker maker = imports_.maker();
    find_function(name, detail::function_type<R>(maker, params, std::type_identity<std::tuple<Args...>>{}));
  }

  /// Calls function number `n`. Own handles in arguments are given away.   Errors: traps
  template <class R, class... Args>
  RunResult<R> call(size_t n, Args&&... args);

  RunResult<void> drop(uint32_t number, uint64_t rep);

 private:
  template <class R, class... Args>
  class Side;
  Exports(component::ComponentStore& store, Imports& imports);
  void find_resource(std::string_view name, uint32_t number);
  void find_function(std::string_view name, component::FuncType type);
  RunResult<void> run(size_t n, component::CallSide& side);

  component::ComponentStore& store_;
  Imports& imports_;
  component::ComponentInstancePtr root_;
  std::shared_ptr<const component::InstanceItem> interface_;
  std::string interface_name_;
  ResourceTypes types_;
  std::vector<component::FuncPtr> functions_;
  Status status_;
};

// The caller's side of a call: arguments to flat values and memory of the callee, and its result back.
template <class R, class... Args>
class Exports::Side final : public component::CallSide {
 public:
  explicit Side(Exports& exports, Args&... args) : exports_(exports), args_(args...) {}
  bool on_start(std::vector<component::Val>&) override { return unexpected(); }
  bool on_resolve(component::Val*) override { return unexpected(); }
  bool on_cancelled() override { return unexpected(); }
  bool is_flat(const component::ComponentInstance&) const override { return true; }

  bool start_flat(component::LiftLowerContext& to, const component::FuncType&, component::FlatWriter& out) override {
    Context c = context(to);
    using Params = Sequence<std::remove_cvref_t<Args>...>;
    if constexpr (Params::kFlat <= component::kMaxFlatParams) {
      return std::apply([&](auto&... v) { return Params::lower_all(c, out, v...); }, args_);
    } else {
      uint64_t ptr = 0;
      uint8_t* p = c.allocate(Params::align(c.wide()), Params::size(c.wide()), ptr);
      if (!p) return false;
      out.put(ptr);
      return std::apply([&](auto&... v) { return Params::store_all(c, p, v...); }, args_);
    }
  }
  bool resolve_flat(component::LiftLowerContext& from, const component::FuncType&, uint32_t,
                    component::FlatReader& in) override {
    Context c = context(from);
    resolved = true;
    if constexpr (std::is_void_v<R>) {
      return true;
    } else if constexpr (codec<R>::kFlat > component::kMaxFlatResults) {
      const uint8_t* p = c.memory(in.address(c.wide()), codec<R>::size(c.wide()), codec<R>::align(c.wide()));
      return p && codec<R>::load(c, p, result);
    } else {
      return codec<R>::lift(c, in, result);
    }
  }

  bool resolved = false;
  std::conditional_t<std::is_void_v<R>, std::monostate, R> result{};

 private:
  Context context(component::LiftLowerContext& cx) {
    return Context(static_cast<component::InstanceContext&>(cx), exports_.types_, exports_.imports_.resources(), &exports_);
  }
  bool unexpected() { return exports_.store_.trap(component::CmTrap::WrongValue, "no flat values"); }
  Exports& exports_;
  std::tuple<Args&...> args_;
};

template <class R, class... Args>
RunResult<R> Exports::call(size_t n, Args&&... args) {
  Side<R, std::remove_reference_t<Args>...> side(*this, args...);
  RunResult<void> done = run(n, side);
  if (!done) return std::unexpected(std::move(done.error()));
  if constexpr (std::is_void_v<R>) return {};
  else return std::move(side.result);
}

}  // namespace skiff::bind
