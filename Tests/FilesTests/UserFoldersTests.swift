import Files
import Foundation
import Testing

@Suite("The user's folders")
struct UserFoldersTests {
  @Test(
    "all are below $HOME, unless their variable has an absolute path",
    arguments: [
      (["HOME": "/h"], "/h/.local/share", "/h/.cache", "/h/.config"),
      (["HOME": "/h", "XDG_CACHE_HOME": "/c"], "/h/.local/share", "/c", "/h/.config"),
      (["HOME": "/h", "XDG_CONFIG_HOME": "/k", "XDG_DATA_HOME": "/d"], "/d", "/h/.cache", "/k"),
      (
        ["HOME": "/h", "XDG_CACHE_HOME": "c", "XDG_CONFIG_HOME": ""], "/h/.local/share",
        "/h/.cache",
        "/h/.config"
      ),
      (["HOME": "/a b"], "/a b/.local/share", "/a b/.cache", "/a b/.config"),
    ])
  func folders(environment: [String: String], data: String, cache: String, keys: String) {
    let folders = UserFolders(environment)
    #expect(folders.data.path == data + "/bottlenecksweep")
    #expect(folders.cache.path == cache + "/bottlenecksweep")
    #expect(folders.configuration.path == keys + "/bottlenecksweep")
  }

  @Test("without an absolute $HOME it is that of the password file", arguments: ["", "here", nil])
  func passwordFile(home: String?) {
    let found = UserFolders(home.map { ["HOME": $0] } ?? [:]).home.path
    #expect(found == URL.homeDirectory.path)
  }
}
