// Compiling components.
#include "component/exec/component.h"

#include "component/binary/binary.h"
#include "component/exec/item.h"

namespace skiff::component {
namespace {

// Core modules are compiled where they are validated.
class CompilingModules final : public CoreModuleSource {
 public:
  CompilingModules(Engine& engine, ModuleMap& modules) : engine_(engine), modules_(modules) {}
  Result<const ModuleInfo*> check(const CoreModuleDef& def) override {
    Result<ModulePtr> module = compile_module(engine_, def.binary);
    if (!module) {
      Error error = std::move(module.error());
      if (error.offset != kNoOffset) error.offset += def.offset;
      return std::unexpected(std::move(error));
    }
    const ModuleInfo* info = &(*module)->info();
    modules_.emplace(info, std::move(*module));
    return info;
  }

 private:
  Engine& engine_;
  ModuleMap& modules_;
};

}  // namespace

Result<ComponentPtr> compile_component(Engine& engine, SharedBytes binary) {
  auto compiled = std::make_shared<CompiledComponent>();
  compiled->engine_ = &engine;
  const Features features = engine.features();
  std::shared_ptr<const Component> syntax = SKIFF_TRY(decode_component(std::move(binary), features));
  CompilingModules modules(engine, compiled->modules_);
  compiled->info_ =
      SKIFF_TRY(validate_component(std::move(syntax), engine.types(), modules, {.features = features}));
  compiled->plan_ = SKIFF_TRY(flatten(*compiled->info_, compiled->modules_));
  SKIFF_TRY(fuse_calls(compiled->plan_, *compiled->info_->types, engine));
  return compiled;
}

ComponentItem::ComponentItem(ComponentPtr root) : root_(std::move(root)), info_(&root_->info()) {}

ComponentItem::ComponentItem(ComponentPtr root, const ComponentInfo& info, Captures captures,
                             std::vector<Item> captured)
    : root_(std::move(root)), info_(&info), captures_(std::move(captures)), captured_(std::move(captured)) {}

ComponentItem::~ComponentItem() = default;

Result<std::shared_ptr<const Plan>> ComponentItem::plan() const {
  if (info_ == &root_->info()) return std::shared_ptr<const Plan>(root_, &root_->plan());
  return std::make_shared<const Plan>(SKIFF_TRY(flatten(*info_, root_->modules(), captures_)));
}

}  // namespace skiff::component
