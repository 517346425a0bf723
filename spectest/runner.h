// Runner: one thread of a script, with its own store and linker; commands change its state in
// order.
#pragma once

#include <map>
#include <string>
#include <thread>

#include "engine/exec/linker.h"
#include "spectest/component_host.h"
#include "spectest/run.h"
#include "spectest/script.h"

namespace skiff::spectest {

/// What is the same for all threads of a script. Immutable while they run.
struct ScriptContext {
  const Script& script;
  const RunOptions& options;
  Engine& engine;
};

class Runner {
 public:
  /// Errors: Resource.
  static Result<std::unique_ptr<Runner>> create(const ScriptContext& context);
  ~Runner();

  void run(const std::vector<Command>& commands);
  /// Counts and findings so far, those of joined threads included.
  FileResult& result() { return result_; }

 private:
  explicit Runner(const ScriptContext& context) : context_(context) {}

  // What a module's name stands for. A module that another thread shares with us has no instance
  // here, only the shared memories that it exports.
  struct Named {
    Instance* instance = nullptr;
    std::optional<ComponentHost::Id> component;  // an instance of a component
    std::vector<std::pair<std::string, Extern>> shared;
  };
  struct Thread {
    std::unique_ptr<Runner> runner;
    std::thread thread;
  };
  // The outcome of a check: empty when it passed, else what is wrong.
  using Verdict = std::string;

  Verdict run_command(const Command& command);
  Verdict define_module(const Command& command);
  Verdict make_instance(const std::string& id, ModulePtr module);
  Verdict new_instance(const Command& command);
  Verdict register_module(const Command& command);
  Verdict assert_return(const Command& command);
  Verdict assert_trap(const Command& command, bool exhaustion);
  Verdict assert_exception(const Command& command);
  Verdict assert_rejected(const Command& command, Phase phase);
  Verdict assert_custom(const Command& command, Phase phase);
  Verdict assert_unlinkable(const Command& command);
  Verdict define_component(const Command& command);
  Verdict new_component_instance(const Command& command);
  Verdict make_component_instance(const std::string& id, ComponentHost::Id definition);
  Verdict assert_component_return(const Command& command);
  Verdict start_thread(const Command& command);
  Verdict join_thread(const std::string& id);

  Result<ModulePtr> compile(const ModuleSource& source);
  Result<ComponentHost::Id> compile(const ComponentSource& source);
  Result<ComponentHost::Func> component_func(const Action& action);
  RunResult<std::optional<component::Val>> act_on_component(const Action& action);
  /// The error of what an assertion's module or component is, if it has one.
  std::optional<Failure> failure_to_instantiate(const Command& command);
  bool needs_execution(const Command& command) const;
  RunResult<std::vector<Val>> act(const Action& action);
  RunResult<std::vector<Val>> invoke(Instance& instance, const Action& action);
  const Named* find(const std::string& id) const;
  uint32_t line_of(const Command& command) const;

  const ScriptContext& context_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Linker> linker_;
  std::map<std::string, Named> instances_;        // by identifier; "" is the latest
  std::map<std::string, ModulePtr> definitions_;  // the same
  std::unique_ptr<ComponentHost> components_;
  std::map<std::string, ComponentHost::Id> component_definitions_;  // the same
  std::map<std::string, Thread> threads_;
  FileResult result_;
};

}  // namespace skiff::spectest
