import Dispatch
import Synchronization

/// Makes an array on all cores, each element by its index.
///
/// - Parameter make: Called from several threads at once.
func concurrentArray<Element: Sendable>(
  _ count: Int, _ make: @Sendable (Int) -> Element
) -> [Element] {
  // Many small parts, so that a busy core does not delay the others.
  let partCount = min(count, 32)
  let parts = Mutex([[Element]](repeating: [], count: partCount))
  DispatchQueue.concurrentPerform(iterations: partCount) { number in
    let part = (number * count / partCount..<(number + 1) * count / partCount).map(make)
    parts.withLock { $0[number] = part }
  }
  return parts.withLock { [Element]($0.joined()) }
}
