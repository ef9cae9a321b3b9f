#pragma once
// Incidents on their way to and from a state file: what there is once an incident as JSON in its header, in one list
// what is on record of them, by id what speaks for them; events and outlines, of which there are many, as arrays.

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/large_buffer.hpp"
#include "pipeline/core/state_array.hpp"
#include "pipeline/watch/watched_incident.hpp"

namespace pitwatch {

/// A Run, on grids of 65535 pixels a side at most.
struct PackedRun {
  std::uint16_t row = 0;
  std::uint16_t begin = 0;
  std::uint16_t end = 0;
};

/// An IncidentEvent without its outline; numbers of more than 16 bits by their parts, the lowest first.
struct PackedEvent {
  std::array<std::uint16_t, 4> when{};        // milliseconds since 1970
  std::array<std::uint16_t, 4> confidence{};  // the bits of the double
  std::array<std::uint16_t, 2> pixels{};
  std::array<std::uint16_t, 2> runs{};  // how many of the array of runs are its own; same_runs: as the event before
  std::uint8_t kind = 0;                // AlertEventKind
  std::uint8_t status = 0;              // AlertStatus
};

/// Events of all incidents in their order, and the runs that go with them: an event's own, if they are not those of the
/// event before it; behind those of its events the incident's, if they are not those of its last event.
struct PackedIncidents {
  PixelVector<PackedEvent> events;
  PixelVector<PackedRun> runs;
};

/// The arrays for write_state_file(), or to be filled by StateFile::unpack(); they point into `packed`.
std::vector<StateArray> state_arrays(PackedIncidents& packed);

/// Incidents without events, outlines and evidence; the first two are put into `packed`, whatever it held. Throws
/// DataError where ground lies beyond 65535 pixels, or one event has 2^32 pixels or more.
nlohmann::json packed_incidents(std::span<const WatchedIncident> incidents, PackedIncidents& packed);

/// The evidence of those that have any, by id.
nlohmann::json evidence_by_id(std::span<const WatchedIncident> incidents);

/// Uninitialised arrays of the sizes that go with what packed_incidents() gave. Throws DataError, "is damaged: ...".
PackedIncidents unfilled_incidents(const nlohmann::json& header);

/// The incidents of packed_incidents() and evidence_by_id(), exactly. Checks that they can be incidents of a grid of
/// that size: known states and kinds of event, outlines on the grid and in order, events in order of time, dates and
/// successors that go with the state, ids that are there once, evidence of no others. Evidence of former formats tells
/// less: what it does not tell stays as it is without observations. Throws DataError, "is damaged: ...", without the
/// path of the file.
std::vector<WatchedIncident> incidents_of(const nlohmann::json& header, const PackedIncidents& packed,
                                          const nlohmann::json& evidence, const Grid& grid);

/// The incidents of state files of format 2, which kept how many pixels an incident had from when on, and the days on
/// which it was confirmed and closed. Events follow from these: where the outline then is not known, without; the last
/// that is known stands with the last change of size and with what came after. What format 2 did not keep: when an
/// incident was superseded (taken to be the first change of size of the other that it had not been observed before),
/// and since when it recovers (taken to be the day when it was last observed). Checks as above but for the grid, and
/// throws as above.
std::vector<WatchedIncident> incidents_of_format_2(const nlohmann::json& incidents, const nlohmann::json& evidence);

}  // namespace pitwatch
