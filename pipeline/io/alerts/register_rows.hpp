#pragma once
// The register's tables, and its values as rows of them. Used inside this folder only.

#include <array>
#include <string>
#include <vector>

#include "pipeline/io/alerts/register.hpp"
#include "pipeline/io/vector/tables.hpp"

namespace pitwatch {

Table alerts_layout();
Table history_layout(bool with_shapes = true);
Table scenes_layout();
Table reviews_layout();
Table runs_layout();
std::array<Table, 5> register_layouts();  // in that order

TableRow row_of(const OutlinedAlert& outlined);
TableRow row_of(const RegisteredEvent& event);
TableRow row_of(const RegisteredReview& review);
TableRow row_of(const RunRow& run);
std::vector<TableRow> scene_rows_of(const Alert& alert);

// Back again. Throw DataError naming the table, the row and the column: no value, or none that the program knows.

std::vector<OutlinedAlert> alerts_of(const Table& table);  // without history
std::vector<RegisteredEvent> events_of(const Table& table);
std::vector<RegisteredReview> reviews_of(const Table& table);  // sorted as sort_reviews() does
std::vector<RunRow> runs_of(const Table& table);

}  // namespace pitwatch
