dist_man_MANS += doc/tessera-smsc.1
