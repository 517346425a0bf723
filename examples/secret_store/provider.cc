// The store as a component in C++. Its secrets are in its own memory, where no other component can look.
#include "provider.h"

namespace exports::example::secret_store::store {
namespace {

struct entry {
  std::string_view key;
  value content;
};
const entry entries[] = {
    {"api-key", {value::text{"swordfish"}}},
    {"seed", {value::bytes{{0xC0, 0xFF, 0xEE, 0x00}}}},
};
constexpr std::string_view denied = "root-key";

class stored final : public secret {
 public:
  explicit stored(const entry& e) : entry_(e) {}
  std::string key() override { return std::string(entry_.key); }
  const value& content() const { return entry_.content; }

 private:
  const entry& entry_;
};

}  // namespace

std::expected<std::unique_ptr<secret>, error> get(std::string_view key) {
  if (key == denied) return std::unexpected(error::denied);
  for (const entry& e : entries)
    if (e.key == key) return std::make_unique<stored>(e);
  return std::unexpected(error::no_such_secret);
}

value reveal(secret& s) { return static_cast<stored&>(s).content(); }

}  // namespace exports::example::secret_store::store
