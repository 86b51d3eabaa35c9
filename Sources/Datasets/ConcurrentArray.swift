import Dispatch
import Synchronization

/// An array whose elements are made on all cores, each by its index.
///
/// - Parameter make: Called from several threads at once.
func concurrentArray<Element: Sendable>(
  _ count: Int, _ make: @Sendable (Int) -> Element
) -> [Element] {
  // Enough parts that cores which are busy otherwise do not hold the rest up.
  let partCount = min(count, 32)
  let parts = Mutex([[Element]](repeating: [], count: partCount))
  DispatchQueue.concurrentPerform(iterations: partCount) { number in
    let part = (number * count / partCount..<(number + 1) * count / partCount).map(make)
    parts.withLock { $0[number] = part }
  }
  return parts.withLock { [Element]($0.joined()) }
}
