// Components that run: the host's functions of all kinds, resources of the host, linking of instances, and
// hostile guests at the boundary to the host. What components do to each other is the official suite's subject.
#include <gtest/gtest.h>

#include "component/exec/linker.h"
#include "component/text/text.h"
#include "engine/interp/interp.h"

namespace skiff::component {
namespace {

struct World {
  World() {
    EngineConfig config;
    config.features = Features::all();
    engine = std::make_unique<Engine>(config, make_interpreter());
    core = std::move(Store::create(*engine).value());
    store = std::move(ComponentStore::create(*core).value());
  }
  ComponentPtr compile(std::string_view text) {
    auto binary = component_wat_to_binary(text, engine->features());
    if (!binary) return ADD_FAILURE() << binary.error().message(), nullptr;
    auto component = compile_component(*engine, SharedBytes::own(std::move(*binary)));
    if (!component) return ADD_FAILURE() << component.error().message(), nullptr;
    return *component;
  }
  ComponentInstancePtr make(std::string_view text) {
    auto instance = linker.instantiate(*store, compile(text));
    if (!instance) return ADD_FAILURE() << instance.error().message(), nullptr;
    return *instance;
  }
  /// The result, or the trap's message as a string value.
  Val call(const ComponentInstancePtr& instance, std::string_view name, std::vector<Val> args = {}) {
    const Item* item = instance->find(name);
    if (!item) return ADD_FAILURE() << "no export " << name, Val();
    auto result = call_func(*store, *item->func, args);
    if (!result) return Val::of_string(result.error().message());
    return result->value_or(Val());
  }

  std::unique_ptr<Engine> engine;
  std::unique_ptr<Store> core;
  std::unique_ptr<ComponentStore> store;
  ComponentLinker linker;
};

HostFuncType func_type(FuncType type) {
  auto types = std::make_shared<TypeTable>();
  const TypeId id = types->add(std::move(type));
  return {types, id, {}};
}

constexpr std::string_view kGreeter = R"((component
  (import "host" (instance $host (export "greet" (func (param "name" string) (result string)))))
  (core module $Memory
    (memory (export "mem") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $p i32)
      (local.set $p (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $p) (local.get 3)))
      (local.get $p)))
  (core instance $memory (instantiate $Memory))
  (core func $greet (canon lower (func $host "greet") (memory (core memory $memory "mem"))
    (realloc (core func $memory "realloc"))))
  (core module $M
    (import "" "greet" (func $greet (param i32 i32 i32)))
    (func (export "f") (param i32 i32) (result i32)
      (call $greet (local.get 0) (local.get 1) (i32.const 16))
      (i32.const 16)))
  (core instance $m (instantiate $M (with "" (instance (export "greet" (func $greet))))))
  (func (export "f") (param "name" string) (result string)
    (canon lift (core func $m "f") (memory (core memory $memory "mem")) (realloc (core func $memory "realloc"))))))";

FuncType greet_type() { return {false, {{"name", Primitive::String}}, ValType(Primitive::String)}; }

TEST(Host, FunctionOverValues) {
  World w;
  w.linker.define_func("host", "greet", func_type(greet_type()),
                       [](ComponentStore&, std::span<const Val> args, Val& result) {
                         result = Val::of_string("hello " + args[0].string());
                         return Outcome::Ok;
                       });
  const auto instance = w.make(kGreeter);
  EXPECT_EQ(w.call(instance, "f", {Val::of_string("wörld")}).string(), "hello wörld");
}

TEST(Host, FlatFunction) {
  World w;
  int calls = 0;
  w.linker.define_flat("host", "greet", func_type(greet_type()),
                       [](FlatCall& call) {
                         ++*static_cast<int*>(call.data());
                         const Slot* args = call.args();
                         std::string_view name;
                         std::string buffer;
                         if (!call.read_string(args[0].u32, args[1].u32, name, buffer)) return Outcome::Trap;
                         const uint32_t out = args[2].u32;
                         uint64_t ptr = 0, units = 0;
                         if (!call.write_string("flat " + std::string(name), ptr, units)) return Outcome::Trap;
                         uint8_t* p = call.memory(out, 8, 4);
                         if (!p) return Outcome::Trap;
                         std::memcpy(p, &ptr, 4);
                         std::memcpy(p + 4, &units, 4);
                         return Outcome::Ok;
                       },
                       &calls);
  const auto instance = w.make(kGreeter);
  EXPECT_EQ(w.call(instance, "f", {Val::of_string("x")}).string(), "flat x");
  EXPECT_EQ(calls, 1);
}

TEST(Host, WrongValueIsATrap) {
  World w;
  w.linker.define_func("host", "greet", func_type(greet_type()),
                       [](ComponentStore&, std::span<const Val>, Val& result) {
                         result = Val::of_u32(1);
                         return Outcome::Ok;
                       });
  const auto instance = w.make(kGreeter);
  EXPECT_NE(w.call(instance, "f", {Val::of_string("x")}).string().find("expected string"), std::string::npos);
}

TEST(Linker, SaysWhatIsWrong) {
  World w;
  const ComponentPtr component = w.compile(kGreeter);
  const auto missing = w.linker.prepare(component);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::UnknownImport);
  FuncType other = greet_type();
  other.params[0].type = Primitive::U32;
  w.linker.define_flat("host", "greet", func_type(other), [](FlatCall&) { return Outcome::Ok; }, nullptr);
  const auto wrong = w.linker.prepare(component);
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message().find("greet"), std::string::npos) << wrong.error().message();
}

TEST(Linker, CompatibleVersions) {
  EXPECT_EQ(compatible_name("wasi:io/streams@0.2.3"), "wasi:io/streams@0.2");
  EXPECT_EQ(compatible_name("a:b/c@1.2.3"), "a:b/c@1");
  EXPECT_EQ(compatible_name("a:b/c@0.0.3"), "a:b/c@0.0.3");
  EXPECT_EQ(compatible_name("a:b/c@1.2.3-rc"), "a:b/c@1.2.3-rc");
  ComponentLinker linker;
  const auto old = std::make_shared<const InstanceItem>(), newer = std::make_shared<const InstanceItem>();
  linker.define_instance("a:b/c@0.2.1", old);
  linker.define_instance("a:b/c@0.2.12", newer);
  EXPECT_EQ(linker.find("a:b/c@0.2.1")->instance, old);
  EXPECT_EQ(linker.find("a:b/c@0.2.3")->instance, newer);
  EXPECT_EQ(linker.find("a:b/c@0.3.0"), nullptr);
}

// Exports of one component as another's imports, in one store: resources keep their identity.
TEST(Linker, InstancesOfTypesNeedNobody) {
  World w;
  const auto instance = w.make(R"((component
    (import "a:b/types" (instance $types
      (type $p (record (field "x" u32)))
      (export "point" (type (eq $p)))))
    (alias export $types "point" (type $Point))
    (core module $m (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))
    (core instance $i (instantiate $m))
    (export $ExportedPoint "point" (type $Point))
    (func (export "f") (param "p" $ExportedPoint) (result $ExportedPoint) (canon lift (core func $i "f")))))");
  ASSERT_TRUE(instance);
  std::vector<Val> fields;
  fields.push_back(Val::of_u32(41));
  const Val result = w.call(instance, "f", {Val::of_record(std::move(fields))});
  EXPECT_EQ(result.items()[0].bits(), 42u);

  const auto refused = w.linker.instantiate(*w.store, w.compile(R"((component
    (import "a:b/types" (instance (export "r" (type (sub resource)))))))"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.code, ErrorCode::UnknownImport);
}

TEST(Linker, InstancesOfOtherComponents) {
  World w;
  const auto provider = w.make(R"((component
    (type $R' (resource (rep i32)))
    (export $R "r" (type $R'))
    (core func $new (canon resource.new $R'))
    (core module $M
      (import "" "new" (func $new (param i32) (result i32)))
      (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
      (func (export "get") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
    (func (export "make") (param "v" u32) (result (own $R)) (canon lift (core func $m "make")))
    (func (export "get") (param "r" (borrow $R)) (result u32) (canon lift (core func $m "get")))))");
  w.linker.define_instance("p", provider);
  const auto consumer = w.make(R"((component
    (import "p" (instance $p
      (export "r" (type $R (sub resource)))
      (export "make" (func (param "v" u32) (result (own $R))))
      (export "get" (func (param "r" (borrow $R)) (result u32)))))
    (alias export $p "r" (type $R))
    (core func $make (canon lower (func $p "make")))
    (core func $get (canon lower (func $p "get")))
    (core func $drop (canon resource.drop $R))
    (core module $M
      (import "" "make" (func $make (param i32) (result i32)))
      (import "" "get" (func $get (param i32) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (func (export "f") (result i32)
        (local $h i32) (local $v i32)
        (local.set $h (call $make (i32.const 41)))
        (local.set $v (call $get (local.get $h)))
        (call $drop (local.get $h))
        (i32.add (local.get $v) (local.get $h))))
    (core instance $m (instantiate $M (with "" (instance
      (export "make" (func $make)) (export "get" (func $get)) (export "drop" (func $drop))))))
    (func (export "f") (result u32) (canon lift (core func $m "f")))))");
  EXPECT_EQ(w.call(consumer, "f").bits(), 42u);
}

// A component that is itself an import, instantiated twice: the instances are separate.
TEST(Linker, ImportedComponent) {
  World w;
  Item item;
  item.sort = Sort::Component;
  item.component = std::make_shared<ComponentItem>(w.compile(R"((component
    (core module $M
      (global $n (mut i32) (i32.const 0))
      (func (export "next") (result i32)
        (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (global.get $n)))
    (core instance $m (instantiate $M))
    (func (export "next") (result u32) (canon lift (core func $m "next")))))"));
  w.linker.define("c", item);
  const auto instance = w.make(R"((component
    (import "c" (component $C (export "next" (func (result u32)))))
    (instance $a (instantiate $C))
    (instance $b (instantiate $C))
    (export "a" (func $a "next"))
    (export "b" (func $b "next"))))");
  EXPECT_EQ(w.call(instance, "a").bits(), 1u);
  EXPECT_EQ(w.call(instance, "a").bits(), 2u);
  EXPECT_EQ(w.call(instance, "b").bits(), 1u);
}

// Resources of the host: dropping calls the host, and a handle is of no use where another type is expected.
TEST(Host, Resources) {
  World w;
  std::vector<uint64_t> dropped;
  auto type = std::make_shared<ResourceType>([&](ComponentStore&, uint64_t rep) {
    dropped.push_back(rep);
    return Outcome::Ok;
  });
  w.linker.define_resource("h", "r", type);
  auto types = std::make_shared<TypeTable>();
  const ResourceId r = types->new_resource();
  const ValType own = ValType::of(types->add(OwnType{r}));
  HostFuncType make{types, types->add(FuncType{false, {}, own}), {{r, type.get()}}};
  w.linker.define_flat("h", "make", make,
                       [](FlatCall& call) {
                         uint32_t index = 0;
                         if (!call.lower_own(*static_cast<ResourceType*>(call.data()), 7, index)) return Outcome::Trap;
                         call.set_result(index);
                         return Outcome::Ok;
                       },
                       type.get());
  const auto instance = w.make(R"((component
    (import "h" (instance $h (export "r" (type $r (sub resource))) (export "make" (func (result (own $r))))))
    (alias export $h "r" (type $r))
    (core func $make (canon lower (func $h "make")))
    (core func $drop (canon resource.drop $r))
    (core module $M
      (import "" "make" (func $make (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (func (export "f") (call $drop (call $make)))
      (func (export "twice") (local $h i32)
        (local.set $h (call $make))
        (call $drop (local.get $h))
        (call $drop (local.get $h))))
    (core instance $m (instantiate $M (with "" (instance (export "make" (func $make)) (export "drop" (func $drop))))))
    (func (export "f") (canon lift (core func $m "f")))
    (func (export "twice") (canon lift (core func $m "twice")))))");
  w.call(instance, "f");
  EXPECT_EQ(dropped, std::vector<uint64_t>{7});
  EXPECT_EQ(w.call(instance, "twice").string(), "unknown handle index 1");
  EXPECT_EQ(w.call(instance, "f").string(), "cannot enter component instance");
}

// An asynchronous host function that resolves later, awaited by a sync-lowered call on a fiber.
TEST(Host, AsyncFunction) {
  World w;
  std::vector<HostCompletionPtr> pending;
  FuncType type{true, {}, ValType(Primitive::U32)};
  w.linker.define_async("h", "later", func_type(type),
                        [&](ComponentStore&, std::vector<Val>, HostCompletionPtr completion, std::function<void()>&) {
                          pending.push_back(std::move(completion));
                          return Outcome::Ok;
                        });
  w.store->wait_for_host = [&](bool, bool& progressed) {
    progressed = !pending.empty();
    if (!progressed) return Outcome::Ok;
    pending.back()->resolve(Val::of_u32(42));
    pending.pop_back();
    return Outcome::Ok;
  };
  const auto instance = w.make(R"((component
    (import "h" (instance $h (export "later" (func async (result u32)))))
    (core func $later (canon lower (func $h "later")))
    (core module $M
      (import "" "later" (func $later (result i32)))
      (func (export "f") (result i32) (i32.add (call $later) (call $later))))
    (core instance $m (instantiate $M (with "" (instance (export "later" (func $later))))))
    (func (export "f") async (result u32) (canon lift (core func $m "f")))))");
  EXPECT_EQ(w.call(instance, "f").bits(), 84u);
}

// A store that ends while tasks wait: what is on their stacks is released.
TEST(Async, StoreEndsWithWaitingTasks) {
  World w;
  w.linker.define_async("h", "never", func_type({true, {}, {}}),
                        [](ComponentStore&, std::vector<Val>, HostCompletionPtr, std::function<void()>&) {
                          return Outcome::Ok;
                        });
  const auto instance = w.make(R"((component
    (import "h" (instance $h (export "never" (func async))))
    (core func $never (canon lower (func $h "never")))
    (core module $M (import "" "never" (func $never)) (func (export "f") (call $never)))
    (core instance $m (instantiate $M (with "" (instance (export "never" (func $never))))))
    (func (export "f") async (canon lift (core func $m "f")))))");
  EXPECT_NE(w.call(instance, "f").string().find("deadlock"), std::string::npos);
}

// Components whose definitions instantiate each other describe 2^40 instances.
TEST(Flattener, BoundedWork) {
  World w;
  std::string text = "(component (component $c0)";
  for (int i = 1; i <= 40; ++i) {
    const std::string inner = "$c" + std::to_string(i - 1);
    text += "(component $c" + std::to_string(i) + " (alias outer 1 " + inner + " (component $i)) (instance (instantiate $i))" +
            " (instance (instantiate $i)))";
  }
  text += "(instance (instantiate $c40)))";
  const auto binary = component_wat_to_binary(text, w.engine->features());
  ASSERT_TRUE(binary) << binary.error().message();
  const auto component = compile_component(*w.engine, SharedBytes::own(std::vector<uint8_t>(*binary)));
  ASSERT_FALSE(component);
}

}  // namespace
}  // namespace skiff::component
