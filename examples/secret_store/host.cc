// The same consumer on a store that this program implements: host CONSUMER.wasm KEY MESSAGE.
#include <cstdio>
#include <fstream>
#include <iterator>

#include "consumer.h"
#include "engine/interp/interp.h"

namespace {

namespace store = example::secret_store::store;
using skiff::bind::Call;

struct Secret final : store::secret {
  Secret(std::string_view name, store::value content) : name(name), content(std::move(content)) {}
  std::string key(Call&) override { return name; }
  std::string name;
  store::value content;
};

// What a real host would ask a vault for.
class Vault final : public store::host {
 public:
  std::expected<std::unique_ptr<store::secret>, store::error> get(Call&, std::string_view key) override {
    const auto text = [](const char* t) { return store::value{store::value::text{t}}; };
    if (key == "api-key") return std::make_unique<Secret>(key, text("swordfish"));
    if (key == "seed")
      return std::make_unique<Secret>(key, store::value{store::value::bytes{{0xC0, 0xFF, 0xEE, 0x00}}});
    return std::unexpected(key == "root-key" ? store::error::denied : store::error::no_such_secret);
  }
  store::value reveal(Call&, store::secret& s) override { return static_cast<Secret&>(s).content; }
};

int fail(const std::string& message) {
  std::fprintf(stderr, "host: %s\n", message.c_str());
  return 1;
}

int run(const char* path, std::string_view key, std::string_view message) {
  std::ifstream file(path, std::ios::binary);
  std::vector<uint8_t> bytes((std::istreambuf_iterator<char>(file)), {});
  skiff::Engine engine({}, skiff::make_interpreter());
  auto component = skiff::component::compile_component(engine, skiff::SharedBytes::own(std::move(bytes)));
  if (!component) return fail(component.error().message());

  // What the component imports; outlives the store.
  Vault vault;
  skiff::component::ComponentLinker linker;
  skiff::bind::Imports imports(linker, consumer_world::kResources);
  store::define(imports, vault);
  example::secret_store::consumer::define(imports);

  auto core = skiff::Store::create(engine);
  if (!core) return fail(core.error().message());
  auto instances = skiff::component::ComponentStore::create(**core);
  if (!instances) return fail(instances.error().message());
  auto world = consumer_world::world::instantiate(**instances, imports, *component);
  if (!world) return fail(world.error().message());

  auto signature = world->functions().sign(key, message);
  if (!signature) return fail(signature.error().message());  // the component trapped
  if (*signature) std::printf("ok(\"%s\")\n", (*signature)->c_str());
  else std::printf("err(%s)\n", signature->error() == store::error::denied ? "denied" : "no-such-secret");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return fail("usage: host CONSUMER.wasm KEY MESSAGE");
  return run(argv[1], argv[2], argv[3]);
}
