import Coordination
import Foundation
import TestSupport
import Trials

@testable import Store

let recordIdentity = "0123456789abcdef"

extension TemporaryFolder {
  var logPath: String { file(ResultLog.fileName).path(percentEncoded: false) }
  var logBytes: [UInt8] {
    get throws { Array(try Data(contentsOf: file(ResultLog.fileName))) }
  }
}

/// Bytes that differ from entry to entry and within one.
func content(_ number: Int, byteCount: Int) -> [UInt8] {
  (0..<byteCount).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0 &* 7 &+ $0 >> 8) }
}

func resultEntry(_ number: Int, byteCount: Int = 40) -> ResultLogEntry {
  .result(
    trial: TrialID(rawValue: UInt64(number)), attempt: number + 1, worker: WorkerID("wörker-a"),
    milliseconds: 1_700_000_000_000 + Int64(number), content: content(number, byteCount: byteCount))
}

/// A plan, results, a discard and a result taken over: every kind, also without content.
let everyKind: [ResultLogEntry] = [
  .plan(content(0, byteCount: 100)),
  resultEntry(1),
  resultEntry(2, byteCount: 0),
  .discard(trial: TrialID(rawValue: 1), milliseconds: -1, reason: "the host's memory is bad ✗"),
  .reuse(
    trial: TrialID(rawValue: .max), milliseconds: .max, origin: "../runs/f3",
    content: content(3, byteCount: 60)),
  .result(
    trial: TrialID(rawValue: 0), attempt: Int(UInt32.max), worker: WorkerID(""),
    milliseconds: .min, content: [0]),
  .discard(trial: TrialID(rawValue: 2), milliseconds: 0, reason: ""),
  .padding(20),
  .plan([]),
]

/// Makes a log of groups, each committed.
func makeLog(_ groups: [[ResultLogEntry]], in directory: TemporaryFolder) throws -> ResultLog {
  var log = try ResultLog.create(path: directory.logPath, identity: recordIdentity)
  for group in groups { log.commit(try log.append(group)) }
  return log
}

/// All that a reader finds in a file.
struct LogFindings: Equatable {
  var identity: String?
  var entries: [ResultLogEntry] = []
  /// Where each entry begins.
  var offsets: [Int] = []
  var damages: [ResultLogDamage] = []

  init() {}

  init(path: String, committedOffset: Int? = nil) throws {
    var reader = try ResultLogReader(path: path, committedOffset: committedOffset)
    identity = reader.identity
    while let finding = reader.next() {
      switch finding {
      case .entry(let entry, let offset):
        entries.append(entry)
        offsets.append(offset)
      case .damage(let damage): damages.append(damage)
      }
    }
  }

  /// What is found in a directory's log after it was given other bytes.
  init(_ bytes: [UInt8], in directory: TemporaryFolder) throws {
    _ = try directory.file(ResultLog.fileName, holding: bytes)
    try self.init(path: directory.logPath)
  }
}
