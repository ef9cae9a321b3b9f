#pragma once
// Who runs this process, and where, for the record.

#include <sys/types.h>

#include <string>

namespace pitwatch {

/// The name of the operating system's user, or "uid N" where there is no name.
std::string process_user();

/// The same of any user.
std::string user_name(uid_t user);

/// Of this machine; empty where it cannot be read.
std::string host_name();

}  // namespace pitwatch
