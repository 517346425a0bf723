// Resolving a module's imports once. Instantiation itself is in instantiate.cc.
#include "engine/exec/instance_pre.h"

#include "engine/exec/instance_template.h"
#include "engine/exec/link.h"

namespace skiff {

Result<InstancePre> InstancePre::create(const Linker& linker, ModulePtr module) {
  const ModuleInfo& info = module->info();
  std::vector<InstanceTemplate::Host> hosts(info.module.imports.size());
  std::vector<Extern> imports(hosts.size());
  for (size_t i = 0; i < hosts.size(); ++i) {
    const Import& import = info.module.imports[i];
    const Linker::Definition* found = SKIFF_TRY(linker.resolve(info, import));
    if (!found->fn) {
      SKIFF_TRY(check_import(info, import, found->value));
      imports[i] = found->value;
      continue;
    }
    FuncInst of_type;
    of_type.type_id = found->type_id;
    Extern value;
    value.func = &of_type;
    SKIFF_TRY(check_import(info, import, value));
    hosts[i] = {found->fn, found->data, found->type_id};
  }
  InstancePre pre(std::make_shared<InstanceTemplate>(std::move(module), std::move(hosts)));
  pre.store_ = linker.owner();
  pre.imports_ = std::move(imports);
  return pre;
}

InstancePre InstancePre::create(ModulePtr module) {
  std::vector<InstanceTemplate::Host> hosts(module->info().module.imports.size());
  return InstancePre(std::make_shared<InstanceTemplate>(std::move(module), std::move(hosts)));
}

const ModulePtr& InstancePre::module() const { return template_->module(); }

}  // namespace skiff
