#pragma once
// The exit code of a command that an exception ended.

#include <exception>

namespace pitwatch::tools {

int exit_code_of(const std::exception& error);

}  // namespace pitwatch::tools
