// What both kinds of bindings have in common: comments, namespaces, and the types that are no resources.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "component/bindgen/plan.h"

namespace skiff::component::bindgen {

/// Text that grows line by line.
class Writer {
 public:
  /// A line of its own, or several.
  void line(std::string_view text = {}) { out_.append(text), out_ += '\n'; }
  /// Documentation from WIT, as comments.
  void docs(std::string_view text, std::string_view indent = "");
  void open_namespace(const std::string& full) {
    line("namespace " + std::string(full.substr(2)) + " {");
  }
  void close_namespace(const std::string& full) { line("}  // namespace " + std::string(full.substr(2))); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// A C++ string literal.
std::string quoted(std::string_view text);

/// Declares the types of a scope. `resource` writes the class of one; everything that it may mention by name is declared
/// by then.
void declare_types(const Plan& plan, const Scope& scope, Writer& out,
                   const std::function<void(wit::TypeId type)>& resource);

/// The C++ names of fields, cases and labels, in order.
std::vector<std::string> field_names(const wit::Record& record);
std::vector<std::string> case_names(const Plan& plan, const Scope& scope, wit::TypeId variant);
std::vector<std::string> label_names(const std::vector<wit::Label>& labels, bool flags);

std::string guest_header(const Plan& plan);
std::string guest_source(const Plan& plan);
/// wit.h, which both include.
std::string_view guest_runtime();
std::string host_header(const Plan& plan);
std::string host_source(const Plan& plan);

}  // namespace skiff::component::bindgen
