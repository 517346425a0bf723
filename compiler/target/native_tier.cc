// From a validated module to functions that can be called.
#include "compiler/target/native_tier.h"

#include "compiler/target/activation.h"
#include "compiler/target/code_map.h"
#include "compiler/target/compiler_library.h"
#include "compiler/target/native_libcalls.h"
#include "engine/base/check.h"
#include "engine/exec/instance.h"

namespace skiff::compiler {
namespace {

/// One module's machine code.
class NativeCode final : public ImageCode {
 public:
  NativeCode(const ModuleInfo& info, std::shared_ptr<const LoadedImage> image, CodeMap& code_map)
      : info_(info), image_(std::move(image)), code_map_(code_map) {
    code_map_.add({image_.get(), &info_});
  }
  ~NativeCode() override { code_map_.remove({image_.get(), &info_}); }

  Entry entry(uint32_t func) override { return {native_enter, image_->array_entry(info_.module.functions[func].type)}; }
  const LoadedImage* image() const override { return image_.get(); }

 private:
  const ModuleInfo& info_;
  std::shared_ptr<const LoadedImage> image_;
  CodeMap& code_map_;
};

class NativeTier final : public Tier {
 public:
  NativeTier(ImageProvider provider, CodeListeners listeners)
      : provider_(std::move(provider)), code_map_(std::move(listeners)) {}
  NativeTier(std::shared_ptr<ImageStore> store, CodeListeners listeners)
      : store_(std::move(store)), code_map_(std::move(listeners)) {}
  std::string_view name() const override { return "llvm"; }

  std::unique_ptr<TierJob> begin(ByteSpan binary, Features features, const Tunables& tunables) override {
    if (!store_) return nullptr;
    return std::make_unique<Job>(*this, binary, features, tunables);
  }

  Result<std::unique_ptr<TierCode>> prepare(const ModuleInfo& info, const Tunables& tunables) override {
    return adopt(info, SKIFF_TRY(provider_(info, tunables, [&] { return compile(info, tunables); })));
  }

  void bind(Instance& instance) override { bind_image(instance); }
  bool rebind(Instance& instance) override {
    bind_imports(instance);
    return true;
  }

  Result<std::unique_ptr<TierStore>> attach(Store& store) override {
    return std::make_unique<NativeStore>(store, code_map_);
  }

 private:
  // With a store: what it has is looked for at once, and decides how much is validated.
  class Job final : public TierJob {
   public:
    Job(NativeTier& tier, ByteSpan binary, Features features, const Tunables& tunables)
        : tier_(tier), binary_(binary), features_(features), tunables_(tunables),
          image_(tier.store_->find(binary, features, tunables)) {}
    bool has_code() const override { return image_ != nullptr; }
    Result<std::unique_ptr<TierCode>> prepare(const ModuleInfo& info) override {
      if (!image_) {
        NativeImage made = SKIFF_TRY(tier_.compile(info, tunables_));
        image_ = SKIFF_TRY(tier_.store_->keep(binary_, features_, tunables_, std::move(made)));
      }
      return tier_.adopt(info, std::move(image_));
    }

   private:
    NativeTier& tier_;
    const ByteSpan binary_;
    const Features features_;
    const Tunables& tunables_;
    std::shared_ptr<const LoadedImage> image_;
  };

  Result<std::unique_ptr<TierCode>> adopt(const ModuleInfo& info, std::shared_ptr<const LoadedImage> image) {
    SKIFF_TRY(check_image(info, *image));
    return std::make_unique<NativeCode>(info, std::move(image), code_map_);
  }

  Result<NativeImage> compile(const ModuleInfo& info, const Tunables& tunables) {
    CompileOptions options;
    options.tunables = tunables;
    options.threads = tunables.validation_threads;
    return compile_with_llvm(info, std::move(options));
  }

  ImageProvider provider_ = compile_to_memory;
  std::shared_ptr<ImageStore> store_;
  CodeMap code_map_;
};

}  // namespace

Result<std::shared_ptr<const LoadedImage>> compile_to_memory(const ModuleInfo&, const Tunables&,
                                                             const CompileNow& compile) {
  return LoadedImage::from_memory(SKIFF_TRY(compile()));
}

std::unique_ptr<Tier> make_native_tier(ImageProvider provider, CodeListeners listeners) {
  return std::make_unique<NativeTier>(provider ? std::move(provider) : compile_to_memory, std::move(listeners));
}

std::unique_ptr<Tier> make_native_tier(std::shared_ptr<ImageStore> store, CodeListeners listeners) {
  return std::make_unique<NativeTier>(std::move(store), std::move(listeners));
}

Result<NativeImage> compile_with_llvm(const ModuleInfo& info, CompileOptions options) {
  const CompilerApi* compiler = SKIFF_TRY(load_llvm_compiler());
  options.epochs = options.tunables.interruptible;
  options.fuel = options.tunables.fuel;
#ifndef NDEBUG
  options.verify = true;
#endif
  return compiler->compile(info, options);
}

Status check_image(const ModuleInfo& info, const LoadedImage& image) {
  // A compiler or cache that did not do its work is told from one that did before anything runs.
  const ImageParts& parts = image.parts();
  if (parts.functions.size() != info.module.functions.size() - info.module.imported_funcs ||
      parts.array_entries.size() != info.types.size() || parts.import_thunks.size() != info.types.size())
    return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, "native image: made for another module");
  return {};
}

void bind_image(Instance& instance) {
  VmCtx& ctx = instance.ctx();
  const Module& m = instance.info().module;
  const LoadedImage& image = *image_code(ctx).image();
  ctx.libcalls = native_libcalls();
  for (uint32_t i = m.imported_funcs; i < m.functions.size(); ++i) {
    FuncInst& func = *ctx.funcs[i];
    func.code = image.array_entry(m.functions[i].type);
    func.call = func.native_entry ? native_enter_behind_thunk : native_enter;
    if (func.native_entry) continue;
    func.native_entry = image.function(i - m.imported_funcs);
    func.native_ctx = &ctx;
    func.native_type_id = func.type_id;
    func.native_vm_store = ctx.vm_store;
  }
  bind_imports(instance);
}

void bind_imports(Instance& instance) {
  VmCtx& ctx = instance.ctx();
  const Module& m = instance.info().module;
  for (uint32_t i = 0; i < m.imported_funcs; ++i)
    if (!ctx.funcs[i]->native_entry) bind_thunk(ctx, *ctx.funcs[i], m.functions[i].type);
  NativeStore::of(*ctx.vm_store).add_instance(*image_code(ctx).image(), ctx);
}

void bind_thunk(const VmCtx& caller, FuncInst& func, uint32_t module_type) {
  func.native_entry = image_code(caller).image()->import_thunk(module_type);
  func.native_ctx = &func;
  func.native_type_id = func.type_id;
  func.native_vm_store = caller.vm_store;
}

}  // namespace skiff::compiler

std::unique_ptr<skiff::Tier> skiff::make_llvm_tier() { return compiler::make_native_tier(); }
