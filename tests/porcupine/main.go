// Judges histories of one versioned resource with Porcupine, which searches for an order of the operations that
// explains every answer. One history a line as JSON comes in, one verdict a line goes out: ok, illegal or unknown.
//
// The register: its state is the version that is current, whether that is a deletion, and how many versions of the
// server's own history have been made so far. A write makes the next one.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

const patience = 20 * time.Second

type operation struct {
	Kind    string   `json:"kind"`
	Outcome string   `json:"outcome"`
	Status  int      `json:"status"`
	Invoked int64    `json:"invoked"`
	Ended   *int64   `json:"ended"` // null: it may take effect at any later time
	Base    string   `json:"base"`
	Marker  string   `json:"marker"`
	Version string   `json:"version"`
	Seen    []string `json:"seen"`
}

type entry struct {
	Version string   `json:"version"`
	Markers []string `json:"markers"`
	Deleted bool     `json:"deleted"`
}

type history struct {
	Operations []operation `json:"operations"`
	Entries    []entry     `json:"entries"`
	Claimed    bool        `json:"claimed"` // whether the server showed its own history
	Initial    string      `json:"initial"`
}

type state struct {
	Version string
	Deleted bool
	Made    int    // versions of the server's own history that are there
	Used    string // without such a history: the versions that were ever current
}

func (s state) nothing() bool { return s.Version == "" || s.Deleted }

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<26)
	for lines.Scan() {
		var h history
		if err := json.Unmarshal(lines.Bytes(), &h); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(verdict(h))
	}
}

func verdict(h history) string {
	start, ok := begin(h)
	if !ok || !wholeContents(h) {
		return "illegal"
	}
	switch porcupine.CheckOperationsTimeout(register(h, start), timed(h), patience) {
	case porcupine.Ok:
		return "ok"
	case porcupine.Illegal:
		return "illegal"
	}
	return "unknown"
}

// begin is the state before the first operation: what was there already was made by nobody whom we know.
func begin(h history) (state, bool) {
	if !h.Claimed || h.Initial == "" {
		return state{Version: h.Initial, Used: mark(h.Initial)}, true
	}
	for place, e := range h.Entries {
		if h.ours(e) {
			return state{}, false
		}
		if e.Version == h.Initial {
			return state{Version: e.Version, Deleted: e.Deleted, Made: place + 1}, true
		}
	}
	return state{}, false
}

// timed turns a history into what Porcupine takes. Writes that are none of ours may have come at any time, and in the
// end everything in the server's own history must have been made.
func timed(h history) []porcupine.Operation {
	var all []porcupine.Operation
	last := int64(math.MinInt64 / 2)
	for _, o := range h.Operations {
		ended := int64(math.MaxInt64)
		if o.Ended != nil {
			ended = *o.Ended
			last = max(last, ended)
		}
		last = max(last, o.Invoked)
		if o.says() {
			all = append(all, porcupine.Operation{Input: o, Call: o.Invoked, Return: ended})
		}
	}
	if !h.Claimed {
		return all
	}
	start, _ := begin(h)
	for _, e := range h.Entries[start.Made:] {
		if !h.ours(e) {
			foreign := operation{Kind: "foreign", Version: e.Version}
			all = append(all, porcupine.Operation{Input: foreign, Call: math.MinInt64 / 2, Return: last + 1})
		}
	}
	end := operation{Kind: "end"}
	return append(all, porcupine.Operation{Input: end, Call: last + 2, Return: last + 3})
}

// says whether an operation tells anything: an unanswered read does not, nor does a refusal that is about no version.
func (o operation) says() bool {
	if o.Kind == "read" {
		return o.Outcome == "ok"
	}
	return o.Outcome == "ok" || o.Outcome == "unknown" || o.Status == 409 || o.Status == 412
}

func register(h history, start state) porcupine.Model {
	model := porcupine.NondeterministicModel{
		Init: func() []interface{} { return []interface{}{start} },
		Step: func(s, input, _ interface{}) []interface{} {
			var next []interface{}
			for _, after := range step(h, s.(state), input.(operation)) {
				next = append(next, after)
			}
			return next
		},
	}
	return model.ToModel()
}

// step is what may be after an operation; nothing when its answer does not fit what is before.
func step(h history, s state, o operation) []state {
	switch {
	case o.Kind == "end":
		return when(s.Made == len(h.Entries), s)
	case o.Kind == "foreign":
		if s.Made < len(h.Entries) && h.Entries[s.Made].Version == o.Version {
			return []state{listed(h, s)}
		}
		return nil
	case o.Kind == "read":
		if o.Status == 404 || o.Status == 410 {
			return when(s.nothing(), s)
		}
		return when(s.Version == o.Version && s.Version != "", s)
	case o.Outcome == "refused":
		return when(o.Base == "" || o.Base == "*" || o.Base != s.Version, s)
	case o.Outcome == "unknown":
		return append(written(h, s, o), s)
	}
	return written(h, s, o)
}

func when(holds bool, s state) []state {
	if holds {
		return []state{s}
	}
	return nil
}

// written is the state after a write that found what it names; nothing where it would not have.
func written(h history, s state, o operation) []state {
	deletes := o.Kind == "delete"
	if (o.Base == "*" && s.nothing()) || (o.Base != "" && o.Base != "*" && o.Base != s.Version) {
		return nil
	}
	if deletes && o.Version == "" && s.nothing() {
		return []state{s}
	}
	if !h.Claimed {
		return unlisted(h, s, o, deletes)
	}
	if s.Made == len(h.Entries) {
		return nil
	}
	e := h.Entries[s.Made]
	fits := e.Deleted == deletes && (o.Version == e.Version || (o.Version == "" && !h.claims(e.Version)))
	shows := len(e.Markers) == 0 || (len(e.Markers) == 1 && e.Markers[0] == o.Marker)
	if fits && shows {
		return []state{listed(h, s)}
	}
	return nil
}

// listed is the state once the next version of the server's own history is there.
func listed(h history, s state) state {
	e := h.Entries[s.Made]
	return state{Version: e.Version, Deleted: e.Deleted, Made: s.Made + 1}
}

// unlisted is the state after a write on a server that shows no history: the version is told, read, or never shown.
func unlisted(h history, s state, o operation, deletes bool) []state {
	version := o.Version
	if version == "" {
		version = h.shown(o)
	}
	if used(s, version) || (!deletes && h.contradicted(version, o.Marker)) {
		return nil
	}
	return []state{{Version: version, Deleted: deletes, Used: s.Used + mark(version)}}
}

func mark(version string) string { return "<" + version + ">" }

func used(s state, version string) bool {
	for rest, sought := s.Used, mark(version); len(rest) >= len(sought); rest = rest[1:] {
		if rest[:len(sought)] == sought {
			return true
		}
	}
	return false
}

// shown is the version in which a read saw what a write sent, or a name of our own for one that nobody saw.
func (h history) shown(o operation) string {
	for _, other := range h.Operations {
		if other.Kind == "read" && len(other.Seen) > 0 && o.Marker != "" && other.Seen[0] == o.Marker {
			return other.Version
		}
	}
	return fmt.Sprintf("?%s@%d", o.Marker, o.Invoked)
}

func (h history) contradicted(version, marker string) bool {
	for _, o := range h.Operations {
		if o.Kind == "read" && o.Version == version && len(o.Seen) > 0 && !(len(o.Seen) == 1 && o.Seen[0] == marker) {
			return true
		}
	}
	return false
}

// ours is whether a version of the server's own history was made by one of the operations.
func (h history) ours(e entry) bool {
	for _, o := range h.Operations {
		for _, marker := range e.Markers {
			if marker == o.Marker {
				return true
			}
		}
	}
	return h.claims(e.Version)
}

// claims is whether an accepted write was told that it made a version.
func (h history) claims(version string) bool {
	for _, o := range h.Operations {
		if o.Kind != "read" && o.Outcome == "ok" && o.Version == version {
			return true
		}
	}
	return false
}

// wholeContents is whether each version has one content, which is that of one write.
func wholeContents(h history) bool {
	contents := map[string]string{}
	agree := func(version string, seen []string) bool {
		if len(seen) == 0 {
			return true
		}
		known, there := contents[version]
		contents[version] = seen[0]
		return len(seen) == 1 && (!there || known == seen[0])
	}
	for _, e := range h.Entries {
		if !agree(e.Version, e.Markers) {
			return false
		}
	}
	for _, o := range h.Operations {
		if o.Kind == "read" && o.Outcome == "ok" && o.Version != "" && !agree(o.Version, o.Seen) {
			return false
		}
	}
	return true
}
