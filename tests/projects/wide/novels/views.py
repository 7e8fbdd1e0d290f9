from django.http import JsonResponse
from django.urls import path

from novels.models import Author, Leaflet, Novel


def plain(request):
    return JsonResponse({"titles": [novel.title for novel in Novel.objects.order_by("pk")]})


def joined(request):
    novels = Novel.objects.select_related("author").only("title", "text", "author")
    return JsonResponse({"titles": [f"{novel.title}: {novel.author.name}" for novel in novels]})


def prefetched(request):
    authors = Author.objects.prefetch_related("novels")
    return JsonResponse({author.name: author.novels.all()[0].title for author in authors})


def related(request):
    author = Author.objects.get(name="author 1")
    return JsonResponse({"titles": [novel.title for novel in author.novels.all()]})


def values(request):
    novels = Novel.objects.values("title", "text")
    return JsonResponse({"titles": [novel["title"] for novel in novels]})


def iterated(request):
    novels = Novel.objects.all()
    return JsonResponse({"titles": [novel.title for novel in novels.iterator()]})


def small(request):
    return JsonResponse({"parts": [leaflet.part_0 for leaflet in Leaflet.objects.all()]})


def broken(request):
    class Fussy(Novel.objects._queryset_class):
        def defer(self, *names):
            raise LookupError(names)

    return JsonResponse({"titles": [novel.title for novel in Fussy(Novel)]})


VIEWS = (plain, joined, prefetched, related, values, iterated, small, broken)
urlpatterns = [path(f"{view.__name__}/", view) for view in VIEWS]
