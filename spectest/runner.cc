// The commands. Each check compares what happened with what the script expects: the phase of an
// error must be equal, messages are compared by their beginning (message_fits).
#include "spectest/runner.h"

#include "engine/exec/memory.h"
#include "engine/text/text.h"
#include "spectest/host.h"
#include "spectest/modules.h"
#include "spectest/values.h"

namespace skiff::spectest {
namespace {

// Where the suite itself has two wordings for one fault.
struct Synonym {
  std::string_view expected;
  std::string_view ours;
};
constexpr Synonym kSynonyms[] = {
    // The component suite has the words of other tools for faults of core modules and of text.
    {"section out of order", "unexpected content after last section"},
    {"expected a version header for a module", "unknown binary version"},
    {"invalid string escape", "illegal character"},
    {"invalid leading byte", "invalid component"},
    {"expected a result, found none", "expected no result, found one"},  // the suite has it the wrong way round
    {"constant out of range", "i8 constant out of range"},
    {"constant out of range", "i16 constant out of range"},
    {"constant out of range", "i32 constant out of range"},
    {"constant out of range", "i64 constant out of range"},
};

// The suite's messages are those of the reference interpreter: often ours is longer ("unknown type:
// 3"), sometimes theirs is ("unknown type 3"), where only the fixed text of our code can be
// compared.
bool message_fits(std::string_view expected, std::string_view message,
                  std::string_view fixed_text) {
  for (const Synonym& s : kSynonyms)
    if (expected == s.expected && fixed_text == s.ours) return true;
  return message.starts_with(expected) || expected.starts_with(fixed_text);
}

// In the component suite the expected message is a part of the whole one.
bool component_message_fits(std::string_view expected, std::string_view message, std::string_view fixed_text) {
  constexpr std::string_view kPrefix = "wasm trap: ";
  if (expected.starts_with(kPrefix)) expected.remove_prefix(kPrefix.size());
  if (expected == "wasm `unreachable` instruction executed") expected = "unreachable";
  if (message.find(expected) != std::string_view::npos) return true;
  for (const Synonym& s : kSynonyms)
    if (expected == s.expected && message.find(s.ours) != std::string_view::npos) return true;
  return !fixed_text.empty() && message_fits(expected, message, fixed_text);
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string describe(const Error& error) {
  return std::string(name_of(error.phase())) + " " + quoted(error.message());
}

std::string describe(const Failure& failure) {
  switch (failure.kind) {
    case Failure::Kind::Error:
      return describe(failure.error);
    case Failure::Kind::Trap:
      return "trap " + quoted(failure.trap.message());
    case Failure::Kind::Exception:
      return "an exception";
  }
  return "";
}

Failure no_such_thing(std::string what) {
  return Failure{.error = Error{ErrorCode::InvalidArgument, kNoOffset, kNoIndex, std::move(what)}};
}

std::string display_name(const std::string& id) {
  return id.empty() ? "the latest module" : "module $" + id;
}

}  // namespace

Result<std::unique_ptr<Runner>> Runner::create(const ScriptContext& context) {
  std::unique_ptr<Runner> runner(new Runner(context));
  runner->store_ = SKIFF_TRY(Store::create(context.engine));
  runner->linker_ = std::make_unique<Linker>(*runner->store_);
  SKIFF_TRY(define_spectest(*runner->linker_));
  if (context.options.make_component_host) {
    runner->components_ = SKIFF_TRY(context.options.make_component_host(*runner->store_));
  } else {
    runner->components_ = std::make_unique<ValidatingHost>(context.engine.types());
  }
  return runner;
}

Runner::~Runner() {
  for (auto& [id, t] : threads_) t.thread.join();
}

void Runner::run(const std::vector<Command>& commands) {
  for (const Command& command : commands) {
    if (needs_execution(command) && !components_->executes()) {
      result_.skipped++;
      continue;
    }
    const Verdict wrong = run_command(command);
    if (wrong.empty()) {
      result_.passed++;
    } else {
      result_.failed++;
      result_.findings.push_back({line_of(command), std::string(name_of(command.kind)), wrong});
    }
  }
  while (!threads_.empty()) (void)join_thread(threads_.begin()->first);
}

Runner::Verdict Runner::run_command(const Command& command) {
  switch (command.kind) {
    case Command::Kind::Module:
      return define_module(command);
    case Command::Kind::Instance:
      return new_instance(command);
    case Command::Kind::Component:
      return define_component(command);
    case Command::Kind::ComponentInstance:
      return new_component_instance(command);
    case Command::Kind::Register:
      return register_module(command);
    case Command::Kind::Action: {
      if (command.action->of_component) {
        const auto result = act_on_component(*command.action);
        return result ? "" : "got " + describe(result.error());
      }
      const auto results = act(*command.action);
      return results ? "" : "got " + describe(results.error());
    }
    case Command::Kind::AssertReturn:
      return assert_return(command);
    case Command::Kind::AssertTrap:
      return assert_trap(command, false);
    case Command::Kind::AssertExhaustion:
      return assert_trap(command, true);
    case Command::Kind::AssertException:
      return assert_exception(command);
    case Command::Kind::AssertMalformed:
      return assert_rejected(command, Phase::Malformed);
    case Command::Kind::AssertInvalid:
      return assert_rejected(command, Phase::Invalid);
    case Command::Kind::AssertUnlinkable:
      return assert_unlinkable(command);
    case Command::Kind::AssertMalformedCustom:
      return assert_custom(command, Phase::Malformed);
    case Command::Kind::AssertInvalidCustom:
      return assert_custom(command, Phase::Invalid);
    case Command::Kind::Thread:
      return start_thread(command);
    case Command::Kind::Wait:
      return threads_.contains(command.id) ? join_thread(command.id) : "no thread $" + command.id;
  }
  return "";
}

// Modules and instances.

Result<ModulePtr> Runner::compile(const ModuleSource& source) {
  auto binary = SKIFF_TRY(module_binary(context_.script, source, context_.engine.features()));
  return compile_module(context_.engine, SharedBytes::own(std::move(binary)));
}

Runner::Verdict Runner::define_module(const Command& command) {
  // A module that fails leaves nothing behind, so that later commands cannot meet an older one.
  definitions_.erase(""), definitions_.erase(command.id);
  if (!command.definition_only) instances_.erase(""), instances_.erase(command.id);
  const auto module = compile(*command.source);
  if (!module) return "got " + describe(module.error());
  definitions_[""] = definitions_[command.id] = *module;
  return command.definition_only ? "" : make_instance(command.id, *module);
}

Runner::Verdict Runner::new_instance(const Command& command) {
  const auto it = definitions_.find(command.name);
  if (it == definitions_.end()) return "no definition of " + display_name(command.name);
  return make_instance(command.id, it->second);
}

Runner::Verdict Runner::make_instance(const std::string& id, ModulePtr module) {
  const auto instance = linker_->instantiate(std::move(module));
  if (!instance) return "got " + describe(instance.error());
  instances_[""] = instances_[id] = Named{.instance = *instance};
  return "";
}

const Runner::Named* Runner::find(const std::string& id) const {
  const auto it = instances_.find(id);
  return it == instances_.end() ? nullptr : &it->second;
}

Runner::Verdict Runner::register_module(const Command& command) {
  const Named* named = find(command.id);
  if (!named) return "no instance of " + display_name(command.id);
  if (named->component) components_->register_instance(command.name, *named->component);
  if (named->instance) linker_->define_instance(command.name, *named->instance);
  for (const auto& [name, value] : named->shared) linker_->define(command.name, name, value);
  return "";
}

// Actions.

RunResult<std::vector<Val>> Runner::invoke(Instance& instance, const Action& action) {
  FuncInst* func = instance.find_func(action.name);
  if (!func) return std::unexpected(no_such_thing("no function " + quoted(action.name)));
  std::vector<Val> args, results;
  std::vector<gc::Rooted> roots;
  for (const Const& constant : action.args) {
    auto value = to_val(*store_, constant, roots);
    if (!value) return std::unexpected(Failure{.error = std::move(value).error()});
    args.push_back(*value);
  }
  auto called = store_->call(func, args, results);
  if (!called) return std::unexpected(std::move(called).error());
  return results;
}

RunResult<std::vector<Val>> Runner::act(const Action& action) {
  const Named* named = find(action.module);
  if (!named || !named->instance)
    return std::unexpected(no_such_thing("no instance of " + display_name(action.module)));
  if (action.kind == Action::Kind::Invoke) return invoke(*named->instance, action);
  const auto e = named->instance->find_export(action.name);
  if (!e || e->kind != ExternKind::Global)
    return std::unexpected(no_such_thing("no global " + quoted(action.name)));
  return std::vector<Val>{take(e->global->slots, e->global_type.type)};
}

Runner::Verdict Runner::assert_return(const Command& command) {
  if (command.action->of_component) return assert_component_return(command);
  const auto results = act(*command.action);
  if (!results)
    return "expected " + to_string(command.results) + ", got " + describe(results.error());
  bool ok = results->size() == command.results.size();
  for (size_t i = 0; ok && i < results->size(); ++i)
    ok = matches(*store_, command.results[i], (*results)[i]);
  return ok ? ""
            : "expected " + to_string(command.results) + ", got " + to_string(*store_, *results);
}

Runner::Verdict Runner::assert_trap(const Command& command, bool exhaustion) {
  const std::string expected = "expected trap " + quoted(command.text) + ", got ";
  std::optional<Failure> failure;
  if (command.action && command.action->of_component) {
    auto result = act_on_component(*command.action);
    if (result) return expected + "a result";
    failure = std::move(result).error();
  } else if (command.action) {
    auto results = act(*command.action);
    if (results) return expected + to_string(*store_, *results);
    failure = std::move(results).error();
  } else {
    failure = failure_to_instantiate(command);
    if (!failure) return expected + "an instance";
  }
  const bool of_component = command.component || (command.action && command.action->of_component);
  const auto fits = of_component ? component_message_fits : message_fits;
  const bool ok = failure->kind == Failure::Kind::Trap &&
                  (failure->trap.code == TrapCode::StackExhausted) == exhaustion &&
                  fits(command.text, failure->trap.message(), text_of(failure->trap.code));
  return ok ? "" : expected + describe(*failure);
}

Runner::Verdict Runner::assert_exception(const Command& command) {
  const auto results = act(*command.action);
  if (results) return "expected an exception, got " + to_string(*store_, *results);
  return results.error().kind == Failure::Kind::Exception
             ? ""
             : "expected an exception, got " + describe(results.error());
}

// Modules that must be rejected.

namespace {
std::string judge(std::string_view expected_text, Phase phase, const Error* error, bool of_component = false) {
  const std::string expected =
      "expected " + std::string(name_of(phase)) + " " + quoted(expected_text) + ", got ";
  if (!error) return expected + (of_component ? "a good component" : "a good module");
  const auto fits = of_component ? component_message_fits : message_fits;
  const bool ok = error->phase() == phase && fits(expected_text, error->message(), text_of(error->code));
  return ok ? "" : expected + describe(*error);
}
}  // namespace

Runner::Verdict Runner::assert_rejected(const Command& command, Phase phase) {
  if (command.component) {
    const auto component = compile(*command.component);
    return judge(command.text, phase, component ? nullptr : &component.error(), true);
  }
  const auto module = compile(*command.source);
  return judge(command.text, phase, module ? nullptr : &module.error());
}

// Custom sections of good modules: annotations are checked where text is parsed, sections by
// check_custom_sections.
Runner::Verdict Runner::assert_custom(const Command& command, Phase phase) {
  const auto module = compile(*command.source);
  if (!module) return judge(command.text, phase, &module.error());
  const Status checked = check_custom_sections((*module)->module());
  return judge(command.text, phase, checked ? nullptr : &checked.error());
}

std::optional<Failure> Runner::failure_to_instantiate(const Command& command) {
  auto rejected = [](Error error) { return Failure{.error = std::move(error)}; };
  if (command.component) {
    auto component = compile(*command.component);
    if (!component) return rejected(std::move(component).error());
    auto instance = components_->instantiate(*component);
    return instance ? std::nullopt : std::optional(std::move(instance).error());
  }
  auto module = compile(*command.source);
  if (!module) return rejected(std::move(module).error());
  auto instance = linker_->instantiate(*module);
  return instance ? std::nullopt : std::optional(std::move(instance).error());
}

Runner::Verdict Runner::assert_unlinkable(const Command& command) {
  const auto failure = failure_to_instantiate(command);
  const bool of_component = command.component.has_value();
  if (!failure) return judge(command.text, Phase::Unlinkable, nullptr, of_component);
  if (failure->kind == Failure::Kind::Error)
    return judge(command.text, Phase::Unlinkable, &failure->error, of_component);
  return "expected unlinkable " + quoted(command.text) + ", got " + describe(*failure);
}

// Components.

bool Runner::needs_execution(const Command& command) const {
  switch (command.kind) {
    case Command::Kind::ComponentInstance: return true;
    case Command::Kind::Register: return command.of_component;
    case Command::Kind::AssertTrap:
    case Command::Kind::AssertUnlinkable:
      return command.component || (command.action && command.action->of_component);
    default: return command.action && command.action->of_component;
  }
}

Result<ComponentHost::Id> Runner::compile(const ComponentSource& source) {
  const Features features = context_.engine.features();
  auto binary = SKIFF_TRY(component_binary(context_.script, source, features));
  return components_->define(SharedBytes::own(std::move(binary)), features);
}

Runner::Verdict Runner::define_component(const Command& command) {
  component_definitions_.erase(""), component_definitions_.erase(command.id);
  if (!command.definition_only) instances_.erase(""), instances_.erase(command.id);
  const auto component = compile(*command.component);
  if (!component) return "got " + describe(component.error());
  component_definitions_[""] = component_definitions_[command.id] = *component;
  if (command.definition_only || !components_->executes()) return "";
  return make_component_instance(command.id, *component);
}

Runner::Verdict Runner::new_component_instance(const Command& command) {
  const auto it = component_definitions_.find(command.name);
  if (it == component_definitions_.end()) return "no definition of component $" + command.name;
  return make_component_instance(command.id, it->second);
}

Runner::Verdict Runner::make_component_instance(const std::string& id, ComponentHost::Id definition) {
  const auto instance = components_->instantiate(definition);
  if (!instance) return "got " + describe(instance.error());
  instances_[""] = instances_[id] = Named{.component = *instance};
  return "";
}

Result<ComponentHost::Func> Runner::component_func(const Action& action) {
  const Named* named = find(action.module);
  if (!named || !named->component) return std::unexpected(no_such_thing("no such instance").error);
  const auto func = components_->find_func(*named->component, action.name);
  if (!func) return std::unexpected(no_such_thing("no function " + quoted(action.name)).error);
  if (func->type->params.size() != action.component_args.size())
    return std::unexpected(no_such_thing("wrong number of arguments").error);
  return *func;
}

RunResult<std::optional<component::Val>> Runner::act_on_component(const Action& action) {
  const auto func = component_func(action);
  if (!func) return std::unexpected(Failure{.error = func.error()});
  std::vector<component::Val> args;
  for (size_t i = 0; i < action.component_args.size(); ++i) {
    auto value = to_val(*func->types, func->type->params[i].type, action.component_args[i]);
    if (!value) return std::unexpected(Failure{.error = std::move(value).error()});
    args.push_back(std::move(*value));
  }
  return components_->call(*func, args);
}

Runner::Verdict Runner::assert_component_return(const Command& command) {
  const std::vector<ComponentConst>& wanted = command.component_results;
  const std::string expected = "expected " + (wanted.empty() ? "nothing" : to_string(wanted[0])) + ", got ";
  const auto result = act_on_component(*command.action);
  if (!result) return expected + describe(result.error());
  if (wanted.size() != (*result ? 1 : 0)) return expected + (*result ? "a result" : "nothing");
  if (wanted.empty()) return "";
  const auto func = component_func(*command.action);
  const component::ValType type = *func->type->result;
  return matches(*func->types, type, wanted[0], **result)
             ? ""
             : expected + to_string(*func->types, type, **result);
}

// Threads.

Runner::Verdict Runner::start_thread(const Command& command) {
  if (threads_.contains(command.id)) return "thread $" + command.id + " is running already";
  auto runner = Runner::create(context_);
  if (!runner) return "got " + describe(runner.error());
  for (const std::string& id : command.shared) {
    const Named* named = find(id);
    if (!named || !named->instance) return "no instance of " + display_name(id);
    Named& there = (*runner)->instances_[id];
    for (const Export& e : named->instance->info().module.exports) {
      const auto value = named->instance->find_export(e.name);
      if (value && value->kind == ExternKind::Memory && value->memory->type().shared) {
        there.shared.emplace_back(e.name, *value);
      }
    }
  }
  Thread thread{.runner = std::move(*runner)};
  thread.thread = std::thread([r = thread.runner.get(), &command] { r->run(command.commands); });
  threads_.emplace(command.id, std::move(thread));
  return "";
}

Runner::Verdict Runner::join_thread(const std::string& id) {
  const auto it = threads_.find(id);
  it->second.thread.join();
  FileResult& other = it->second.runner->result_;
  result_.passed += other.passed;
  result_.failed += other.failed;
  result_.findings.insert(result_.findings.end(), other.findings.begin(), other.findings.end());
  threads_.erase(it);
  return "";
}

uint32_t Runner::line_of(const Command& command) const {
  return line_column(context_.script.source, command.offset).line;
}

}  // namespace skiff::spectest
