"""Where everything is kept. The only room that knows which database it is.

`tables` what is kept · `keys` spans and days as keys · `database` connections and transactions · `migrations` how a
database becomes the present one
"""
