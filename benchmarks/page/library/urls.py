"""The pages' addresses, and those of the tools that have pages of their own."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from .views import BookList, RepeatingBookList, books, count, shelf

urlpatterns: list[URLPattern | URLResolver] = [
    path("books/", books),
    path("list/", BookList.as_view()),
    path("repeating/", RepeatingBookList.as_view()),
    path("shelf/", shelf),
    path("count/", count),
]

if "debug_toolbar" in settings.INSTALLED_APPS:
    from debug_toolbar.toolbar import debug_toolbar_urls

    urlpatterns += debug_toolbar_urls()
if "silk" in settings.INSTALLED_APPS:
    urlpatterns.append(path("silk/", include("silk.urls", namespace="silk")))
