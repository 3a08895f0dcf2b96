dist_man_MANS += doc/tessera-smsc.1
dist_man_MANS += doc/tesserad.8 doc/tesserad.conf.5
dist_doc_DATA += README.md doc/ARCHITECTURE.md doc/CONTRIBUTING.md doc/PERFORMANCE.md doc/api.md doc/segments.md
dist_man_MANS += doc/tessera.1
