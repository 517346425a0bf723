// Starting this program again as a process of its own that nobody waits for.
#pragma once

#include <string>
#include <vector>

namespace skiff::cli {

/// Is there a regular file of that name?
bool is_file(const std::string& name);

/// Runs `skiff` with these words (the first is its name) in a session of its own, without standard streams. That it
/// could not be started is nobody's business.
void spawn_detached(const std::vector<std::string>& words);

}  // namespace skiff::cli
