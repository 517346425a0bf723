// Fibers: values in callee-saved registers and on stacks survive switches, in both directions.
#include "component/exec/fiber.h"

#include <gtest/gtest.h>

#include "engine/interp/interp.h"

namespace skiff::component {
namespace {

struct PingPong {
  Fiber* root = nullptr;
  Fiber* other = nullptr;
  int turns = 0;
  double sum = 0;
  uint64_t integers = 0;
};

void other_side(void* data) {
  auto& game = *static_cast<PingPong*>(data);
  double d[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  uint64_t n[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (;;) {
    for (int i = 0; i < 8; ++i) d[i] += 0.5, n[i] += 1, game.sum += d[i], game.integers += n[i];
    ++game.turns;
    game.other->switch_to(*game.root);
  }
}

TEST(Fiber, PingPong) {
  Engine engine({}, make_interpreter());
  const auto store = std::move(Store::create(engine).value());
  PingPong game;
  const auto root = std::move(Fiber::of_running(*store).value());
  const auto other = std::move(Fiber::create(*store, other_side, &game).value());
  game.root = root.get();
  game.other = other.get();
  double mine = 0;
  uint64_t integers = 0;
  for (int turn = 1; turn <= 1000; ++turn) {
    root->switch_to(*other);
    ASSERT_EQ(game.turns, turn);
    mine += 36 + turn * 4.0;
    integers += 36 + static_cast<uint64_t>(turn) * 8;
    EXPECT_EQ(game.sum, mine);
    EXPECT_EQ(game.integers, integers);
  }
}

}  // namespace
}  // namespace skiff::component
