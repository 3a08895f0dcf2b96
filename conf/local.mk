# Data tables, installed where the daemon looks for them by default. Origin and licences: conf/README.md.
dist_pkgdata_DATA = \
	conf/README.md \
	conf/holidays.tsv \
	conf/import_shopify.tsv \
	conf/import_woocommerce.tsv \
	conf/import_woocommerce-customers.tsv \
	conf/numbering.tsv \
	conf/optout_keywords.tsv \
	conf/quiet_hours.tsv \
	conf/rfm_classes.tsv
dist_doc_DATA = conf/tesserad.conf
