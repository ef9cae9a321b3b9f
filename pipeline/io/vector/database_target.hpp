#pragma once
// What names a database, as OGR takes it: "PG:dbname=...".

#include <string>

namespace pitwatch {

/// Whether OGR takes the text as a database ("PG:dbname=..."), not as the path of a file. A database of PostgreSQL
/// without PostGIS is refused by all that opens it here: shapes would be bytes in it.
bool is_database(const std::string& target);

/// A database's target with limits of time for connecting, locks and statements: a server that accepts and never
/// answers, or holds a lock for ever, is not waited for. What the user sets goes before; files stay as they are.
std::string with_time_limits(std::string target);

/// Whether a driver's message says that a database cannot be reached.
bool tells_of_no_server(const std::string& reason);

/// The target without the password in it, for messages.
std::string without_password(const std::string& target);

}  // namespace pitwatch
