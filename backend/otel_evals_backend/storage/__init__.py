"""Where everything is kept. The only room that knows which database it is.

`tables` what is kept · `keys` spans and days as keys · `database` connections and transactions · `faults` drivers'
errors as ours · `migrate` and `migrations` how a database becomes the present one · `partitions` days as tables on
PostgreSQL · `search` words in explanations · `backup` and `restore` all of it in one file · `recount` the sums from the
rows · `check` whether all is whole · `retention` what goes by age · `erase` what goes because somebody asks
"""
