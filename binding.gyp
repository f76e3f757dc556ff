{
  'targets': [
    {
      'target_name': 'scriptorium',
      'sources': [
        'native/addon.cc',
        'native/addon_journal.cc',
        'native/addon_values.cc',
        'native/batch.cc',
        'native/block.cc',
        'native/crc32c.cc',
        'native/file.cc',
        'native/file_posix.cc',
        'native/format.cc',
        'native/group_commit.cc',
        'native/identity.cc',
        'native/inspect.cc',
        'native/journal.cc',
        'native/journal_read.cc',
        'native/log_index.cc',
        'native/recovery.cc',
        'native/segment.cc',
        'native/segment_scanner.cc',
        'native/segment_store.cc',
      ],
      'include_dirs': ["<!(node -p \"require('node-addon-api').include_dir\")"],
      # The last one: a thread that is being terminated takes no exception, and must not end the process for it.
      'defines': ['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
      'cflags_cc!': ['-std=gnu++14', '-std=gnu++17', '-fno-rtti'],
      'cflags_cc': ['-std=c++20', '-O2', '-Wall', '-Wextra', '-fno-exceptions', '-fvisibility=hidden'],
      'ldflags': ['-pthread'],
    },
  ],
}
