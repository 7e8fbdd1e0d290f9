from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50)
    letters = models.TextField()

    def __str__(self):
        return self.name


class Novel(models.Model):
    author = models.ForeignKey(Author, models.CASCADE, related_name="novels")
    title = models.CharField(max_length=50)
    text = models.TextField()

    def __str__(self):
        return self.title


# Many small columns.
Leaflet = type(
    "Leaflet",
    (models.Model,),
    {"__module__": __name__} | {f"part_{n}": models.IntegerField(default=n) for n in range(22)},
)
