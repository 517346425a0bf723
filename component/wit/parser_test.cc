// What the lexer and the parser take and refuse, with positions and suggestions.
#include "component/wit/print.h"
#include "component/wit/wit_test_support.h"

namespace skiff::component::wit {
namespace {

// The error of a text inside an interface, without the fixed "malformed WIT: t.wit:1:".
std::string in_interface(const std::string& items, const Options& options = all_options()) {
  const std::string start = "package a:b; interface i { ";
  const std::string message = error_of(start + items + " }", options);
  const size_t column = message.find(":1:");
  return column == std::string::npos ? message : message.substr(message.find(": ", column + 3) + 2);
}

TEST(WitParser, TokensAndComments) {
  must("// line\npackage/*block/*nested*/*/a:b;\ninterface%i{f:func(a:u8)->u8;}");
  must("package a:b; interface i { a1-2-3: func(); HTTP-get: func(); x11-AB2: func(); }");
  EXPECT_EQ(error_of("package a:b; /* /* */"),
            "malformed WIT: t.wit:1:14: this block comment is not closed; add `*/`");
  EXPECT_EQ(error_of("package a:b;\n  $"), "malformed WIT: t.wit:2:3: unexpected character `$`");
  EXPECT_EQ(error_of("package a:b;\n é"), "malformed WIT: t.wit:2:2: unexpected character `é`");
  EXPECT_EQ(error_of("// \xE2\x80\xAE\npackage a:b;"),
            "malformed WIT: t.wit:1:4: character U+202E is a bidirectional override");
  EXPECT_EQ(error_of("package a:b;\x01"),
            "malformed WIT: t.wit:1:13: character U+0001 is a control code");
  EXPECT_EQ(error_of("// \xC2\x85"),
            "malformed WIT: t.wit:1:4: character U+0085 is a control code");
  EXPECT_EQ(error_of("\xFF"), "malformed UTF-8 encoding: t.wit");
}

TEST(WitParser, Identifiers) {
  const char* const bad[][2] = {{"fooBar", "mixes upper and lower case in one word"},
                                {"a--b", "has two `-` in a row"},
                                {"a-", "ends with `-`"},
                                {"a_b", "has a `_` where kebab-case has `-`"},
                                {"1a", "begins with a digit"},
                                {"%", "is empty"},
                                {"%-a", "begins with `-`"}};
  for (const auto& [name, why] : bad)
    EXPECT_NE(in_interface(std::string(name) + ": func();").find(why), std::string::npos) << name;
  EXPECT_EQ(in_interface("type: func();"), "expected the name of the type, found `:`");
  EXPECT_EQ(in_interface("list: func();"),
            "expected a type, a function, `use` or `}`, found keyword `list`; to use the keyword "
            "as a name, write `%list`");
  must("package a:b; interface %interface { %type: func(%list: u8); }");
}

TEST(WitParser, Types) {
  const Resolved r = must(R"(package a:b; interface i {
    type t = tuple<u8, list<s8>, list<u8, 4>, option<char>, result, result<u8>, result<_, u8>, result<u8, string>,
                   map<string, f32>, stream, stream<u8>, future, future<f64>, error-context,>;
  })");
  const TypeId t = *interface(r, "i").types.find("t");
  const auto& types = std::get<Tuple>(r.resolve[t].body).types;
  std::string all;
  for (const Type& type : types) all += print_type(r.resolve, type) + " ";
  EXPECT_EQ(all,
            "u8 list<s8> list<u8, 4> option<char> result result<u8> result<_, u8> result<u8, "
            "string> map<string, f32> "
            "stream stream<u8> future future<f64> error-context ");
  EXPECT_EQ(in_interface("type t = list<u8, 0>;"), "a list's fixed length cannot be 0");
  EXPECT_EQ(in_interface("type t = list<u8, 4294967296>;"),
            "a list's fixed length must be below 2^32");
  EXPECT_EQ(
      in_interface("type t = map<f32, u8>;"),
      "this type cannot be the key of a map; keys are bool, char, string or integers, written out");
  EXPECT_EQ(in_interface("type t = float32;"), "unknown type `float32`; it is called `f32`");
  EXPECT_EQ(in_interface("f: func() -> (a: u8);"),
            "named results are no longer part of WIT; return a `tuple` or a record");
  EXPECT_EQ(in_interface("record r {}"), "`r` has no fields; it needs at least one");
  EXPECT_EQ(in_interface("type t = tuple<>;"), "expected a type, found `>`");
  EXPECT_EQ(in_interface("type t = result<_>;"), "expected `,` and the type of errors, found `>`");
}

TEST(WitParser, DepthIsBounded) {
  const auto nested = [](size_t n) {
    std::string s = "type t = ";
    for (size_t i = 0; i < n; ++i) s += "list<";
    s += "u8";
    for (size_t i = 0; i < n; ++i) s += ">";
    return s + ";";
  };
  EXPECT_EQ(in_interface(nested(99)), "accepted");
  EXPECT_EQ(in_interface(nested(100)), "types are nested too deeply; give a name to an inner type");
  EXPECT_EQ(in_interface(nested(100000)),
            "types are nested too deeply; give a name to an inner type");
  EXPECT_EQ(error_of("package a:b; " + std::string(100000, '/') + "*"), "accepted");
  std::string comments;
  for (int i = 0; i < 100000; ++i) comments += "/*";
  EXPECT_EQ(error_of("package a:b; " + comments),
            "malformed WIT: t.wit:1:14: this block comment is not closed; add `*/`");
}

TEST(WitParser, GatedSyntax) {
  Options options;  // the defaults: what is shipped
  EXPECT_EQ(in_interface("type t = map<string, stream<u8>>; f: async func();", options),
            "accepted");
  EXPECT_EQ(in_interface("type t = list<u8, 4>;", options),
            "lists of a fixed length are not enabled; enable it with --features cm-fixed-lists");
  EXPECT_EQ(in_interface("type t = error-context;", options),
            "`error-context` is not enabled; enable it with --features cm-error-context");
  EXPECT_NE(error_of("package a:b:c;", options).find("cm-nested-names"), std::string::npos);
  options.features.set(Feature::CmMap, false);
  options.features.set(Feature::CmAsync, false);
  EXPECT_NE(in_interface("type t = map<string, u8>;", options).find("cm-map"), std::string::npos);
  EXPECT_NE(in_interface("f: async func();", options).find("cm-async"), std::string::npos);
}

TEST(WitParser, Packages) {
  EXPECT_EQ(must("package a:b@1.0.0-rc.1+x;").resolve.packages[0].name.to_string(),
            "a:b@1.0.0-rc.1+x");
  EXPECT_EQ(must("package a:b:c/d/e@1.0.0;").resolve.packages[0].name.to_string(),
            "a:b:c/d/e@1.0.0");
  EXPECT_NE(error_of("package a:B;").find("names of namespaces and packages are lower case"),
            std::string::npos);
  EXPECT_EQ(error_of("package a:b@1.0;"),
            "malformed WIT: t.wit:1:13: `1.0` is not a version; versions are MAJOR.MINOR.PATCH, as "
            "in `1.0.0` or `1.0.0-rc.1`");
  EXPECT_NE(error_of("interface i {}").find("no file says which package this is"),
            std::string::npos);
  EXPECT_NE(error_of("package a:b; package c:d;")
                .find("only the first `package` of a file may end with `;`"),
            std::string::npos);
  EXPECT_NE(
      error_of("package a:b; package c:d { package e:f {} }").find("packages cannot be nested"),
      std::string::npos);
  EXPECT_NE(error_of("package a:b; package c:d {} package c:d {}").find("is defined twice"),
            std::string::npos);
}

TEST(WitParser, Annotations) {
  const std::string p = "package a:b@1.2.0; ";
  must(p + "@since(version = 1.0.0) @deprecated(version = 1.1.0) interface i {}");
  EXPECT_NE(error_of(p + "@since(version = 1.3.0) interface i {}")
                .find("the package is of version 1.2.0"),
            std::string::npos);
  EXPECT_NE(error_of("package a:b; @since(version = 1.0.0) interface i {}")
                .find("give the package a version"),
            std::string::npos);
  EXPECT_NE(error_of(p + "@since(version = 1.0.0) @unstable(feature = x) interface i {}")
                .find("exclude each other"),
            std::string::npos);
  EXPECT_NE(error_of(p + "@deprecated(version = 1.0.0) interface i {}").find("needs a `@since`"),
            std::string::npos);
  EXPECT_NE(error_of(p + "@since(version = 1.0.0) @since(version = 1.0.0) interface i {}")
                .find("occurs twice"),
            std::string::npos);
  EXPECT_NE(error_of(p + "@foo interface i {}").find("expected `(`"), std::string::npos);
  EXPECT_NE(error_of(p + "@foo(a = b) interface i {}").find("unknown annotation `@foo`"),
            std::string::npos);
  EXPECT_NE(error_of(p + "@external-id(\"x\") interface i {}").find("cannot be given to"),
            std::string::npos);
}

TEST(WitParser, ExternalIds) {
  const Resolved r = must(R"(package a:b; world w {
    @external-id("https://x/\22\u{2603}\n") import f: func();
  })");
  EXPECT_EQ(std::get<Function>(*world(r, "w").imports.find("f")).attributes.external_id,
            "https://x/\"\xE2\x98\x83\n");
  for (const char* bad :
       {R"("\q")", R"("\u{110000}")", R"("\u{D800}")", R"("\u{}")", R"("\ff")", "\"a"})
    EXPECT_EQ(error_of("package a:b; world w { @external-id(" + std::string(bad) +
                       ") import f: func(); }")
                  .substr(0, 13),
              "malformed WIT")
        << bad;
}

TEST(WitParser, Docs) {
  const Resolved r = must(
      "/// pkg\npackage a:b;\n/// one\n///   two\n// no\n/** three\n * four */\ninterface i {\n/// "
      "f\nf: func(); }");
  EXPECT_EQ(r.resolve.packages[0].docs, "pkg");
  EXPECT_EQ(interface(r, "i").attributes.docs, "one\n  two\nthree\nfour");
  EXPECT_EQ(interface(r, "i").functions.find("f")->attributes.docs, "f");
}

TEST(WitParser, ImportOfPathOrName) {
  must("package a:b; interface b {} world w { import a: b; import a:b/b; }");
  EXPECT_NE(
      error_of("package a:b; interface b {} world w { import a:b; }").find("`a:b` names a package"),
      std::string::npos);
}

}  // namespace
}  // namespace skiff::component::wit
